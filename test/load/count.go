package load

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes/scheme"
)

// wrapper is what client-go wraps its transport in.
type wrapper = func(http.RoundTripper) http.RoundTripper

func newDialer() *net.Dialer {
	return &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
}

// tally is what was counted so far.
type tally struct {
	mu       sync.Mutex
	requests map[string]int
	failures []Failure
	cut      []Failure
	// gaps is the longest of each kind of client.
	gaps map[string]Gap
}

func newTally() *tally { return &tally{requests: map[string]int{}, gaps: map[string]Gap{}} }

func (t *tally) uncounted() wrapper {
	return func(next http.RoundTripper) http.RoundTripper { return next }
}

func (t *tally) counted(client string) wrapper {
	return func(next http.RoundTripper) http.RoundTripper { return &counter{tally: t, client: client, next: next} }
}

func (t *tally) add(client string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests[client]++
}

func (t *tally) fail(f Failure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures = append(t.failures, f)
}

func (t *tally) cutShort(f Failure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cut = append(t.cut, f)
}

// gapOf takes the time in that a client waited between two of its answers, or after its last one.
func (t *tally) gapOf(client string, from, to time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kind := kindOf(client)
	if took := to.Sub(from); took > t.gaps[kind].Length {
		t.gaps[kind] = Gap{Client: client, At: from, Length: took}
	}
}

// kindOf is what a client of this name does.
func kindOf(client string) string {
	kind, _, _ := strings.Cut(client, "-")
	return kind
}

// counter counts what goes through a client's transport, every try of client-go by itself.
type counter struct {
	tally  *tally
	client string
	next   http.RoundTripper
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.tally.add(c.client)
	began := time.Now()
	response, err := c.next.RoundTrip(r)
	if err != nil {
		c.failed(r, began, 0, err)
		return response, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		c.failed(r, began, response.StatusCode, said(response))
		return response, nil
	}
	response.Body = &body{ReadCloser: response.Body, failed: func(err error) { c.failed(r, began, response.StatusCode, err) }}
	return response, nil
}

// said is what a server answers to a request that it refuses; it stays there for client-go to read.
func said(response *http.Response) error {
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(text))
	if object, _, undecoded := scheme.Codecs.UniversalDeserializer().Decode(text, nil, nil); undecoded == nil {
		return errors.Join(err, apierrors.FromObject(object))
	}
	return errors.Join(err, errors.New(strings.ToValidUTF8(strings.TrimSpace(string(text)), "")))
}

// failed counts a failure, unless the client itself gave the request up.
func (c *counter) failed(r *http.Request, began time.Time, status int, err error) {
	if errors.Is(r.Context().Err(), context.Canceled) {
		return
	}
	c.tally.fail(Failure{Client: c.client, At: time.Now(), After: time.Since(began), Method: r.Method, URL: r.URL.RequestURI(), Status: status, Err: err})
}

// body is an answer's; one that breaks off is a failure.
type body struct {
	io.ReadCloser
	failed func(error)
	once   sync.Once
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.once.Do(func() { b.failed(err) })
	}
	return n, err
}
