package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// grace is how long requests have that run when the pod is told to end: a little less than Kubernetes gives a pod.
const grace = 25 * time.Second

// serve answers until SIGTERM, and then those requests that have come in by then.
func serve() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	server := &http.Server{Addr: ":8080", Handler: routes(host), ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		ended <- server.Shutdown(ctx)
	})
	fmt.Println("listening on", server.Addr, "as", host)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}

func routes(host string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello from %s to %s\n", host, r.RemoteAddr)
		fmt.Println(time.Now().UTC().Format(time.RFC3339Nano), r.RemoteAddr, r.URL.Path) // for `kubectl logs`
	})
	mux.HandleFunc("GET /slow", func(w http.ResponseWriter, r *http.Request) {
		wait, err := time.ParseDuration(r.FormValue("for"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, "%s holds this for %s\n", host, wait)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-time.After(wait):
			fmt.Fprintln(w, "done")
		case <-r.Context().Done():
		}
	})
	return mux
}
