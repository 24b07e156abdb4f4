package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"hardway/lab"
)

// The background process is spoken to over HTTP on a socket in the lab's directory: GET /status, POST /hosts/NAME/VERB.

// short is the socket's path through an open directory, because a socket's own path may have no more than 107 bytes.
func (p place) short(dir *os.File) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(p.socket()))
}

func (p place) listen(l *lab.Lab) (*http.Server, error) {
	dir, err := os.Open(p.machines())
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	if err := os.RemoveAll(p.socket()); err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", p.short(dir))
	if err != nil {
		return nil, fmt.Errorf("failed to listen on %s: %w", p.socket(), err)
	}
	if err := os.Chmod(p.socket(), 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: handler(l), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return server, nil
}

func handler(l *lab.Lab) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(l.Status())
	})
	actions := map[string]func(context.Context, string) error{
		"pause":  func(_ context.Context, host string) error { return l.Pause(host) },
		"resume": func(_ context.Context, host string) error { return l.Resume(host) },
		"kill":   func(_ context.Context, host string) error { return l.PowerOff(host) },
		"boot":   l.PowerOn,
	}
	mux.HandleFunc("POST /hosts/{host}/{verb}", func(w http.ResponseWriter, r *http.Request) {
		act, ok := actions[r.PathValue("verb")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if err := act(r.Context(), r.PathValue("host")); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
		}
	})
	return mux
}

// ask sends a request to the lab that runs there.
func (p place) ask(ctx context.Context, method, path string) ([]byte, error) {
	client := &http.Client{Transport: &http.Transport{DialContext: p.dialControl, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(ctx, method, "http://lab"+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("failed to ask the lab in %s: %w", p.dir, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(strings.TrimSpace(string(body)))
	}
	return body, err
}

func (p place) dialControl(ctx context.Context, _, _ string) (net.Conn, error) {
	dir, err := os.Open(p.machines())
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return (&net.Dialer{}).DialContext(ctx, "unix", p.short(dir))
}

// control is the action of a verb on hosts.
func (p *program) control(verb string) cli.ActionFunc {
	return func(ctx *cli.Context) error {
		at, err := placeOf(ctx)
		if err != nil {
			return err
		}
		d, err := at.driver()
		if err != nil {
			return err
		}
		for _, host := range ctx.Args().Slice() {
			if err := d.order(ctx.Context, verb, host); err != nil {
				return fmt.Errorf("failed to %s %s: %w", verb, host, err)
			}
		}
		return nil
	}
}

// mustRun is an error where no lab runs.
func (p place) mustRun() error {
	if _, err := p.readConfig(); err != nil {
		return err
	}
	pid, err := p.running()
	if err == nil && pid == 0 {
		return hinted{fmt.Errorf("the lab in %s is down", p.dir), "hardway-lab up starts it"}
	}
	return err
}
