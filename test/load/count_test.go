package load

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// server answers /ok, /busy with 429, /broken with half a body and /slow after a while.
func server(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	})
	s := httptest.NewUnstartedServer(mux)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestWhatCountsAsAFailure(t *testing.T) {
	s := server(t)
	for name, c := range map[string]struct {
		url      string
		timeout  time.Duration
		cancel   bool
		failures int
	}{
		"an answer":                     {"/ok", time.Minute, false, 0},
		"429, which client-go repeats":  {"/busy", time.Minute, false, 1},
		"a body that breaks off":        {"/broken", time.Minute, false, 1},
		"no answer in time":             {"/slow", 50 * time.Millisecond, false, 1},
		"given up by the client itself": {"/slow", time.Minute, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			tally := newTally()
			client := http.Client{Transport: tally.counted("read-1")(s.Client().Transport)}
			ctx, cancel := context.WithTimeout(t.Context(), c.timeout)
			defer cancel()
			if c.cancel {
				time.AfterFunc(50*time.Millisecond, cancel)
			}
			get(ctx, t, &client, s.URL+c.url)
			if len(tally.failures) != c.failures || tally.requests["read-1"] != 1 {
				t.Errorf("counted %d failures of %v requests, want %d: %v", len(tally.failures), tally.requests, c.failures, tally.failures)
			}
		})
	}
}

func TestServerThatIsNotThereCounts(t *testing.T) {
	s := server(t)
	s.Close()
	tally := newTally()
	client := http.Client{Transport: tally.counted("write-1")(s.Client().Transport)}
	get(t.Context(), t, &client, s.URL+"/ok")
	if len(tally.failures) != 1 || tally.failures[0].Err == nil {
		t.Errorf("counted %v, want one error", tally.failures)
	}
}

func get(ctx context.Context, t *testing.T, client *http.Client, url string) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
}
