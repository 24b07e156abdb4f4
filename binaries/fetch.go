package binaries

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"
	"k8s.io/apimachinery/pkg/util/wait"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/remote"
)

// Fetcher gets releases into binaries.dir. Every file is verified whole against the checksum that its project publishes
// before it gets its name; what was fetched by half is kept, and finished by the next run.
type Fetcher struct {
	Work *artifact.WorkDir
	Spec *cluster.Spec
	// Parallel is how many files are fetched at once.
	Parallel int
	// Stall is how long a server may send nothing.
	Stall time.Duration
	// Backoff is how often a server is asked again that fails, and how long to wait before. A file
	// that has grown in between begins it anew.
	Backoff wait.Backoff
	// Progress is told how many bytes of a file are there; it may be called from several goroutines. total is -1 where the
	// server does not say.
	Progress func(file string, done, total int64)

	client *http.Client
}

// NewFetcher is one that takes proxies from the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY).
func NewFetcher(w *artifact.WorkDir, spec *cluster.Spec) *Fetcher {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // a range is of the bytes that the checksum is of
	return &Fetcher{
		Work: w, Spec: spec, Parallel: 4, Stall: 30 * time.Second,
		Backoff:  wait.Backoff{Steps: 5, Duration: time.Second, Factor: 2, Jitter: 0.2},
		Progress: func(string, int64, int64) {},
		client:   &http.Client{Transport: transport, CheckRedirect: redirect},
	}
}

// redirect follows to other hosts, where releases lie, but not from https to what anybody on the way may change.
func redirect(next *http.Request, before []*http.Request) error {
	switch {
	case len(before) >= 10:
		return permanent{fmt.Errorf("%d redirects", len(before))}
	case before[0].URL.Scheme == "https" && next.URL.Scheme != "https":
		return permanent{fmt.Errorf("redirected from https to %s", next.URL.Redacted())}
	}
	return nil
}

// Fetch gets executables. Those of one archive are taken from it together. What cannot be had does not keep the others from
// being had; all errors are returned.
func (f *Fetcher) Fetch(ctx context.Context, wanted []Binary) error {
	unlock, err := f.hold()
	if err != nil {
		return err
	}
	defer unlock()
	var files [][]Binary
	for _, b := range wanted {
		i := slices.IndexFunc(files, func(of []Binary) bool { return of[0].URL.String() == b.URL.String() })
		if i < 0 {
			files = append(files, nil)
			i = len(files) - 1
		}
		files[i] = append(files[i], b)
	}
	return remote.ForEach(ctx, files, f.Parallel, f.release)
}

// hold makes the directory that files are fetched in, and keeps other runs out of it: binaries.dir may be that of several
// clusters.
func (f *Fetcher) hold() (release func(), err error) {
	dir := f.Work.Path(f.Spec.Binaries.Dir, fetchDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("failed to make the directory of executables: %w", err)
	}
	lock := flock.New(dir, flock.SetFlag(os.O_RDONLY))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("failed to lock %s: %w", dir, err)
	}
	if !held {
		return nil, cluster.Problems{{Subject: dir, Message: "another run fetches into it", Hint: "wait until it has ended"}}
	}
	return func() { _ = lock.Unlock() }, nil
}

// release fetches one file of a release, and puts what is wanted of it in place.
func (f *Fetcher) release(ctx context.Context, of []Binary) error {
	sum, err := f.published(ctx, of[0])
	if err != nil {
		return err
	}
	partial := f.partial(of[0])
	if err := f.complete(ctx, of[0], partial, sum); err != nil {
		return err
	}
	if !of[0].Archived {
		return f.place(of[0], partial, sum)
	}
	if err := f.unpack(of, partial); err != nil {
		return err
	}
	return os.Remove(partial)
}

// partial is where the bytes of a release's file gather: never those of two versions in one.
func (f *Fetcher) partial(b Binary) string {
	name := b.Project
	if !b.Archived {
		name = b.flat()
	}
	return f.Work.Path(f.Spec.Binaries.Dir, fetchDir, fmt.Sprintf("%s-%s-linux-%s.partial", name, b.Version, b.Arch))
}

// complete brings a partial file to where it has the checksum. One that was begun before and comes out wrong is fetched
// once more from its beginning: what it began with may have been anything.
func (f *Fetcher) complete(ctx context.Context, b Binary, partial, sum string) error {
	info, err := os.Stat(partial)
	begun := err == nil && info.Size() > 0
	for {
		if err := f.fill(ctx, b, partial); err != nil {
			return err
		}
		got, err := digest(partial)
		if err != nil || got == sum {
			return err
		}
		if err := os.Remove(partial); err != nil {
			return err
		}
		if !begun {
			return cluster.Problems{{
				Subject: b.URL.Redacted(), Message: fmt.Sprintf("its SHA-256 is %s, published is %s: it was cut off or tampered with on the way, and is thrown away", got, sum),
				Hint: "try again; when that does not help, do not trust the mirror or the proxy",
			}}
		}
		begun = false
	}
}

// fill fetches until the server says that there is no more.
func (f *Fetcher) fill(ctx context.Context, b Binary, partial string) error {
	file, err := os.OpenFile(partial, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("failed to open file to fetch into: %w", err)
	}
	defer file.Close()
	name := path.Base(b.URL.Path)
	var longest int64
	err = f.retry(ctx, func() (further bool, err error) {
		length, err := f.append(ctx, b.URL, file, func(done, total int64) { f.Progress(name, done, total) })
		further, longest = length > longest, max(length, longest)
		return further, err
	})
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("failed to fetch %s: %w", b.URL.Redacted(), err)
	}
	return file.Sync()
}

// retry tries until there is nothing left to try for. io.EOF is the end. A try that got further than those before is not
// counted as one: a server that breaks off at the same byte each time is.
func (f *Fetcher) retry(ctx context.Context, try func() (further bool, err error)) error {
	backoff := f.Backoff
	for {
		further, err := try()
		answer := status{}
		final := permanent{}
		if err == nil || err == io.EOF || errors.As(err, &final) || ctx.Err() != nil || errors.As(err, &answer) && !answer.passing() { //nolint:errorlint // io.EOF itself: wrapped it is a connection that broke
			return err
		}
		if further {
			backoff = f.Backoff
		}
		if backoff.Steps <= 1 {
			return err
		}
		pause := backoff.Step()
		if answer.answer != nil {
			pause = max(pause, answer.after())
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// place gives a verified file its name. What it is, is written down first: a run that dies in between leaves a file that is
// not what is written down, and the next one puts it in place.
func (f *Fetcher) place(b Binary, file, sum string) error {
	target := f.Work.Path(f.Spec.Binaries.Dir, filepath.FromSlash(b.Name))
	if err := os.Chmod(file, 0o755); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	r := record{Version: b.Version, Arch: b.Arch, SHA256: sum, URL: b.URL.Redacted()}
	if err := r.write(f.Work.Path(recordPath(f.Spec, b))); err != nil {
		return err
	}
	if err := os.Rename(file, target); err != nil {
		return fmt.Errorf("failed to put executable in place: %w", err)
	}
	return syncDir(filepath.Dir(target))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
