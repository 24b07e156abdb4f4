package binaries

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hardway/cluster"
)

const kubelet = "/release/v1.36.3/bin/linux/amd64/kubelet"

func TestEverythingThatHostsNeedIsFetchedAndVerified(t *testing.T) {
	r := newRig(t)
	for name, row := range r.states() {
		if row.State != Missing {
			t.Errorf("%s is %s before", name, row.State)
		}
	}
	must(t, r.fetch())
	states := r.states()
	if len(states) != 13 {
		t.Errorf("%d executables: %v", len(states), states)
	}
	for name, row := range states {
		version := row.Version
		if row.State != OK || r.read(name) != string(bytesOf(filepath.Base(name), version)) {
			t.Errorf("%s is %s: %s", name, row.State, row.Reason)
		}
		if info, err := os.Stat(r.work.Path("bin", name)); err != nil || info.Mode() != 0o755 {
			t.Errorf("%s has mode %v: %v", name, info.Mode(), err)
		}
	}
	if got := len(r.requests()); got != 8 {
		t.Errorf("%d files were asked for, want each once: %v", got, r.requests())
	}
	left, err := filepath.Glob(r.work.Path("bin", fetchDir, "*.partial"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// What a server may do to a file on its way, and what comes of it.
func TestWhatServersDo(t *testing.T) {
	whole := string(bytesOf("kubelet", "v1.36.3"))
	half := len(whole) / 2
	for name, c := range map[string]struct {
		// begun is what an earlier run has left.
		begun string
		odd   func(w http.ResponseWriter, r *http.Request, file []byte) bool
		// asks is the requests for the file, by their ranges; says what the error does.
		asks []string
		says []string
	}{
		"a run that was cut off is finished": {begun: whole[:half], asks: []string{"bytes=" + strconv.Itoa(half) + "-"}},
		"one that was cut off at its very end asks for nothing more": {
			begun: whole, asks: []string{"bytes=" + strconv.Itoa(len(whole)) + "-"}},
		"one that was begun with something else is fetched anew": {
			begun: strings.Repeat("x", half), asks: []string{"bytes=" + strconv.Itoa(half) + "-", ""}},
		"more than there is, too": {
			begun: whole + "more", asks: []string{"bytes=" + strconv.Itoa(len(whole)+4) + "-", ""}},
		"a server that knows no ranges begins at the beginning": {
			begun: whole[:half], asks: []string{"bytes=" + strconv.Itoa(half) + "-"},
			odd: func(w http.ResponseWriter, _ *http.Request, file []byte) bool {
				_, _ = w.Write(file)
				return true
			}},
		"a server that answers another range is told from one that does not": {
			begun: whole[:half], asks: []string{"bytes=" + strconv.Itoa(half) + "-"}, says: []string{"206"},
			odd: func(w http.ResponseWriter, _ *http.Request, file []byte) bool {
				w.Header().Set("Content-Range", "bytes 0-9/10")
				w.WriteHeader(http.StatusPartialContent)
				_, _ = w.Write(file[:10])
				return true
			}},
		"a connection that breaks is taken up where it broke": {
			asks: []string{"", "bytes=" + strconv.Itoa(half) + "-"},
			odd: func(w http.ResponseWriter, r *http.Request, file []byte) bool {
				if r.Header.Get("Range") != "" {
					return false
				}
				w.Header().Set("Content-Length", strconv.Itoa(len(file)))
				_, _ = w.Write(file[:half])
				return true
			}},
		"a proxy that breaks off at the same byte each time is given up": {
			asks: []string{"", "bytes=" + strconv.Itoa(half) + "-", "bytes=" + strconv.Itoa(half) + "-"}, says: []string{kubelet, "EOF"},
			odd: func(w http.ResponseWriter, _ *http.Request, file []byte) bool {
				w.Header().Set("Content-Length", strconv.Itoa(len(file)))
				_, _ = w.Write(file[:half])
				return true
			}},
		"a file cut short on the mirror is refused": {
			asks: []string{""}, says: []string{kubelet, "SHA-256", "cut off or tampered"},
			odd: func(w http.ResponseWriter, _ *http.Request, file []byte) bool {
				_, _ = w.Write(file[:half])
				return true
			}},
		"a file that was tampered with is refused": {
			asks: []string{""}, says: []string{kubelet, "SHA-256", "cut off or tampered"},
			odd: func(w http.ResponseWriter, _ *http.Request, file []byte) bool {
				_, _ = w.Write([]byte(strings.Replace(string(file), "line 77\n", "line 78\n", 1)))
				return true
			}},
		"a server that is busy is asked again": {
			asks: []string{"", "", ""}, odd: failing(2, http.StatusServiceUnavailable)},
		"but not for ever": {
			asks: []string{"", "", ""}, odd: failing(9, http.StatusServiceUnavailable), says: []string{"503"}},
		"a server that refuses is asked once": {
			asks: []string{""}, odd: failing(9, http.StatusForbidden), says: []string{"403"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.odd = c.odd
			partial := r.work.Path("bin", fetchDir, "kubelet-v1.36.3-linux-amd64.partial")
			must(t, os.MkdirAll(filepath.Dir(partial), 0o755))
			if c.begun != "" {
				must(t, os.WriteFile(partial, []byte(c.begun), 0o644))
			}
			err := r.fetch("kubelet")
			asks := r.requests()
			for i := range asks {
				asks[i] = strings.TrimSpace(strings.TrimPrefix(asks[i], kubelet))
			}
			if !slices.Equal(asks, c.asks) {
				t.Errorf("asked for %q, want %q", asks, c.asks)
			}
			if len(c.says) == 0 {
				must(t, err)
				if r.read("kubelet") != whole || r.states()["kubelet"].State != OK {
					t.Errorf("it is %+v", r.states()["kubelet"])
				}
				return
			}
			for _, word := range c.says {
				if err == nil || !strings.Contains(err.Error(), word) {
					t.Errorf("got %v, want %q", err, word)
				}
			}
			if state := r.states()["kubelet"].State; state != Missing {
				t.Errorf("it is %s", state)
			}
		})
	}
}

func failing(times, code int) func(http.ResponseWriter, *http.Request, []byte) bool {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		if times--; times < 0 {
			return false
		}
		w.WriteHeader(code)
		return true
	}
}

// A slow server is waited for as long as anything comes; one that falls silent is left, and asked for the rest.
func TestSlowAndSilentServers(t *testing.T) {
	r := newRig(t)
	silent := true
	r.odd = func(w http.ResponseWriter, request *http.Request, file []byte) bool {
		if request.Header.Get("Range") != "" {
			return false
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(file)))
		for i := range 8 { // longer altogether than it may be silent
			_, _ = w.Write(file[i*1000 : (i+1)*1000])
			_ = http.NewResponseController(w).Flush()
			time.Sleep(100 * time.Millisecond)
		}
		if silent {
			<-request.Context().Done()
		}
		return true
	}
	f := r.fetcher()
	f.Stall = 400 * time.Millisecond
	b, _ := known(r.spec, "kubelet")
	must(t, f.Fetch(t.Context(), []Binary{b}))
	if asks := r.requests(); len(asks) != 2 || asks[1] != kubelet+" bytes=8000-" {
		t.Errorf("asked for %q", asks)
	}
	if r.states()["kubelet"].State != OK {
		t.Errorf("it is %+v", r.states()["kubelet"])
	}
}

// An interrupted run keeps what it has, and the next one goes on there.
func TestAnInterruptedFetchGoesOn(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.odd = func(w http.ResponseWriter, request *http.Request, file []byte) bool {
		w.Header().Set("Content-Length", strconv.Itoa(len(file)))
		_, _ = w.Write(file[:5000])
		_ = http.NewResponseController(w).Flush()
		<-request.Context().Done()
		return true
	}
	f := r.fetcher()
	f.Progress = func(_ string, done, _ int64) {
		if done >= 5000 {
			cancel()
		}
	}
	b, _ := known(r.spec, "kubelet")
	if err := f.Fetch(ctx, []Binary{b}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	r.odd = nil
	must(t, r.fetch("kubelet"))
	if asks := r.requests(); asks[len(asks)-1] != kubelet+" bytes=5000-" {
		t.Errorf("asked for %q", asks)
	}
}

func TestWhatIsNotThereIsSaidWithWhatToTry(t *testing.T) {
	r := newRig(t)
	r.spec.Kubernetes.Version = "v1.36.99"
	err := r.fetch()
	problems := cluster.ProblemsOf(err)
	if len(problems) != 6 || !strings.Contains(problems[0].Message, "404") || !strings.Contains(problems[0].Hint, "is there such a release") {
		t.Errorf("got %v", problems)
	}
	// The others are there all the same.
	if states := r.states(); states["etcd"].State != OK || states["cni/bridge"].State != OK || states["kubelet"].State != Missing {
		t.Errorf("got %+v", states)
	}
}

func TestAPageInPlaceOfAChecksumIsRefused(t *testing.T) {
	r := newRig(t)
	r.files[kubelet+".sha256"] = []byte("<html>please log in</html>\n")
	if err := r.fetch("kubelet"); err == nil || !strings.Contains(err.Error(), "there is no SHA-256 of kubelet") {
		t.Errorf("got %v", err)
	}
	if len(r.requests()) > 0 {
		t.Errorf("asked for %v", r.requests())
	}
}

func TestARedirectIsFollowedButNotOutOfTLS(t *testing.T) {
	r := newRig(t)
	elsewhere := newMirror(t)
	elsewhere.files["/somewhere"] = r.files[kubelet]
	r.odd = func(w http.ResponseWriter, request *http.Request, _ []byte) bool {
		http.Redirect(w, request, elsewhere.URL+"/somewhere", http.StatusFound)
		return true
	}
	must(t, r.fetch("kubelet"))
	if r.states()["kubelet"].State != OK {
		t.Errorf("it is %+v", r.states()["kubelet"])
	}
	secure := httptestTLS(t, elsewhere.URL+"/somewhere")
	f := r.fetcher()
	f.client.Transport = secure.Client().Transport
	r.spec.Binaries.Mirror = secure.URL
	b, _ := known(r.spec, "kubelet")
	if err := f.Fetch(t.Context(), []Binary{b}); err == nil || !strings.Contains(err.Error(), "redirected from https to http://") {
		t.Errorf("got %v", err)
	}
}

func TestAPasswordOfAMirrorIsNotSaid(t *testing.T) {
	r := newRig(t)
	r.Close()
	r.spec.Binaries.Mirror = strings.Replace(r.URL, "http://", "http://user:hunter2@", 1)
	err := r.fetch("kubelet")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(r.states()["kubelet"].URL, "hunter2") {
		t.Error("it is in the list")
	}
}

func TestTwoRunsDoNotMeet(t *testing.T) {
	r := newRig(t)
	release, err := r.fetcher().hold()
	must(t, err)
	if err := r.fetch("kubelet"); err == nil || !strings.Contains(err.Error(), "another run") {
		t.Errorf("got %v", err)
	}
	release()
	must(t, r.fetch("kubelet"))
}

func TestAnArchiveWithoutWhatIsWanted(t *testing.T) {
	r := newRig(t)
	r.release(t, "v1.36.3", "v3.6.16", "v1.9.1")
	archive := "/etcd-io/etcd/releases/download/v3.6.16/etcd-v3.6.16-linux-amd64.tar.gz"
	r.files[archive] = tarball(t, "etcd-v3.6.16-linux-amd64/", "v3.6.16", "etcd", "etcdctl")
	r.files[filepath.Dir(archive)+"/SHA256SUMS"] = []byte(sumLine(r.files[archive], filepath.Base(archive)))
	if err := r.fetch("etcd", "etcdctl", "etcdutl"); err == nil || !strings.Contains(err.Error(), "there is no etcdutl in the archive") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(r.work.Path("bin/etcdutl")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
