package binaries

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"hardway/cluster"
)

// get asks for a URL from a byte on. It answers where the body begins: a server may not know how to begin elsewhere than
// at 0. Nothing is left to read where the file ends before that byte (io.EOF).
func (f *Fetcher) get(ctx context.Context, from *url.URL, offset int64) (body io.ReadCloser, at, size int64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from.String(), nil)
	if err != nil {
		return nil, 0, 0, permanent{err}
	}
	if offset > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	answer, err := f.client.Do(request)
	if err != nil {
		return nil, 0, 0, redacted(err)
	}
	switch {
	case answer.StatusCode == http.StatusOK:
		return answer.Body, 0, answer.ContentLength, nil
	case answer.StatusCode == http.StatusPartialContent && begins(answer.Header.Get("Content-Range"), offset):
		return answer.Body, offset, offset + answer.ContentLength, nil
	}
	_ = answer.Body.Close()
	if answer.StatusCode == http.StatusRequestedRangeNotSatisfiable && offset > 0 {
		return nil, 0, 0, io.EOF
	}
	return nil, 0, 0, status{from, answer}
}

// begins reports whether a Content-Range, as in "bytes 5-9/10", begins at a byte.
func begins(contentRange string, at int64) bool {
	return strings.HasPrefix(contentRange, fmt.Sprintf("bytes %d-", at))
}

// append fetches what is missing of a file at its end, and answers how long it is then. A server that falls silent is given
// up.
func (f *Fetcher) append(ctx context.Context, from *url.URL, file *os.File, sent func(done, total int64)) (length int64, err error) {
	offset, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, permanent{err}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(f.Stall, func() { cancel(fmt.Errorf("nothing came for %s", f.Stall)) })
	defer silence.Stop()
	body, at, size, err := f.get(ctx, from, offset)
	if err != nil {
		return offset, because(ctx, err)
	}
	defer body.Close()
	if err := errors.Join(file.Truncate(at), seek(file, at)); err != nil {
		return 0, permanent{err}
	}
	done := at
	heard := writer(func(p []byte) (int, error) {
		silence.Reset(f.Stall)
		n, err := file.Write(p)
		if done += int64(n); err != nil {
			return n, permanent{err}
		}
		sent(done, size)
		return n, nil
	})
	_, err = io.Copy(heard, body)
	return done, because(ctx, err)
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func seek(file *os.File, at int64) error {
	_, err := file.Seek(at, io.SeekStart)
	return err
}

// because is why the context was ended where that is what err comes from.
func because(ctx context.Context, err error) error {
	if err != nil && errors.Is(err, context.Canceled) && context.Cause(ctx) != nil {
		return context.Cause(ctx)
	}
	return err
}

// permanent is an error that trying again does not mend.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// status is an answer that is no file.
type status struct {
	from   *url.URL
	answer *http.Response
}

func (s status) Error() string {
	return fmt.Sprintf("failed to fetch %s: the server answers %s", s.from.Redacted(), s.answer.Status)
}

// passing: the server says that it may work later.
func (s status) passing() bool {
	code := s.answer.StatusCode
	return code >= 500 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout
}

// after is how long the server asks to wait, at most as long as a person would.
func (s status) after() time.Duration {
	seconds, err := strconv.Atoi(s.answer.Header.Get("Retry-After"))
	if err != nil {
		return 0
	}
	return min(time.Duration(max(0, seconds))*time.Second, time.Minute)
}

func (s status) Problem() cluster.Problem {
	p := cluster.Problem{Subject: s.from.Redacted(), Message: "the server answers " + s.answer.Status, Hint: "try again later"}
	switch code := s.answer.StatusCode; {
	case code == http.StatusNotFound:
		p.Hint = "is there such a release? The spec says which (kubernetes.version, etcd.version, binaries.cniVersion) and where from (binaries.mirror, binaries.githubMirror)"
	case !s.passing():
		p.Hint = "check binaries.mirror and binaries.githubMirror of the spec, and the proxy (HTTPS_PROXY, NO_PROXY)"
	}
	return p
}

// redacted is an error of the client, whose URL may hold a password.
func redacted(err error) error {
	failed := (*url.Error)(nil)
	if !errors.As(err, &failed) {
		return err
	}
	if u, bad := url.Parse(failed.URL); bad == nil {
		failed.URL = u.Redacted()
	}
	return failed
}

// digest reads a file whole.
func digest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
