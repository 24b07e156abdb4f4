package binaries

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"hardway/artifact"
	"hardway/cluster"
)

// mirror is dl.k8s.io and github.com on this machine: the files of releases with their checksums, as they are published.
type mirror struct {
	*httptest.Server
	mu    sync.Mutex
	files map[string][]byte
	// asked is every request, with its range; odd answers in place of the server where it is set.
	asked []string
	odd   func(w http.ResponseWriter, r *http.Request, file []byte) (answered bool)
}

func newMirror(t *testing.T) *mirror {
	t.Helper()
	m := &mirror{files: map[string][]byte{}}
	m.Server = httptest.NewServer(m)
	t.Cleanup(m.Close)
	return m
}

func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	file, there := m.files[r.URL.Path]
	m.asked = append(m.asked, strings.TrimSpace(r.URL.Path+" "+r.Header.Get("Range")))
	odd := m.odd
	m.mu.Unlock()
	switch {
	case !there:
		http.NotFound(w, r)
	case odd != nil && !isSums(r) && odd(w, r, file):
	default:
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file))
	}
}

func isSums(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, ".sha256") || strings.HasSuffix(r.URL.Path, "SHA256SUMS")
}

// requests is how often files were asked for, without checksums.
func (m *mirror) requests() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, line := range m.asked {
		if !strings.Contains(line, "sha256") && !strings.Contains(line, "SHA256SUMS") {
			out = append(out, line)
		}
	}
	return out
}

// release puts a release of everything on the mirror. The bytes say which file and version they are.
func (m *mirror) release(t *testing.T, kubernetes, etcd, cni string) {
	t.Helper()
	for _, name := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kubelet", "kube-proxy"} {
		file := "/release/" + kubernetes + "/bin/linux/amd64/" + name
		m.files[file] = bytesOf(name, kubernetes)
		m.files[file+".sha256"] = fmt.Appendf(nil, "%x", sha256.Sum256(m.files[file])) // without a newline, as there
	}
	dir := "etcd-" + etcd + "-linux-amd64"
	archive := "/etcd-io/etcd/releases/download/" + etcd + "/" + dir + ".tar.gz"
	m.files[archive] = tarball(t, dir+"/", etcd, "README.md", "etcd", "etcdctl", "etcdutl")
	m.files[path.Dir(archive)+"/SHA256SUMS"] = fmt.Appendf(nil, "%s  other.tar.gz\n%x  %s\n",
		strings.Repeat("0", 64), sha256.Sum256(m.files[archive]), path.Base(archive))
	plugins := "/containernetworking/plugins/releases/download/" + cni + "/cni-plugins-linux-amd64-" + cni + ".tgz"
	m.files[plugins] = tarball(t, "./", cni, "bandwidth", "bridge", "host-local", "loopback", "portmap")
	m.files[plugins+".sha256"] = fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(m.files[plugins]), path.Base(plugins))
}

// bytesOf is some kilobytes that differ.
func bytesOf(name, version string) []byte {
	var b bytes.Buffer
	for i := range 1000 {
		fmt.Fprintf(&b, "%s %s line %d\n", name, version, i)
	}
	return b.Bytes()
}

func tarball(t *testing.T, dir, version string, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	w := tar.NewWriter(zip)
	must(t, w.WriteHeader(&tar.Header{Name: dir, Typeflag: tar.TypeDir, Mode: 0o755}))
	for _, name := range names {
		data := bytesOf(name, version)
		must(t, w.WriteHeader(&tar.Header{Name: dir + name, Mode: 0o755, Size: int64(len(data))}))
		_, err := w.Write(data)
		must(t, err)
	}
	must(t, w.Close())
	must(t, zip.Close())
	return b.Bytes()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rig is a work directory whose spec names the mirror.
type rig struct {
	*mirror
	t    *testing.T
	work *artifact.WorkDir
	spec *cluster.Spec
}

func newRig(t *testing.T) *rig {
	t.Helper()
	m := newMirror(t)
	m.release(t, "v1.36.3", "v3.6.16", "v1.9.1")
	spec := &cluster.Spec{
		Kubernetes: cluster.Kubernetes{Version: "v1.36.3"}, Etcd: cluster.Etcd{Version: "v3.6.16"},
		Binaries: cluster.Binaries{Dir: "bin", Mirror: m.URL, GitHubMirror: m.URL, Arch: "amd64", CNIVersion: "v1.9.1"},
		Worker:   cluster.Worker{CNI: "bridge", CNIBinDir: CNIDir},
		Hosts: []cluster.Node{
			{Name: "m1", Roles: []cluster.Role{cluster.RoleEtcd, cluster.RoleControlPlane}},
			{Name: "w1", Roles: []cluster.Role{cluster.RoleWorker}},
		},
	}
	return &rig{mirror: m, t: t, work: artifact.OpenWorkDir(t.TempDir()), spec: spec}
}

// fetcher does not wait between tries.
func (r *rig) fetcher() *Fetcher {
	f := NewFetcher(r.work, r.spec)
	f.Backoff = wait.Backoff{Steps: 3, Duration: time.Millisecond}
	f.Stall = 2 * time.Second
	return f
}

// fetch gets what is not right.
func (r *rig) fetch(names ...string) error {
	var wanted []Binary
	for _, b := range Wanted(r.spec, r.spec.Hosts) {
		if len(names) == 0 || contains(names, b.Name) {
			wanted = append(wanted, b)
		}
	}
	return r.fetcher().Fetch(r.t.Context(), wanted)
}

func contains(all []string, one string) bool {
	return strings.Contains(" "+strings.Join(all, " ")+" ", " "+one+" ")
}

// states is the state and the reason of every executable; the digests of a work directory are remembered, so each look is
// from another one.
func (r *rig) states() map[string]Row {
	r.t.Helper()
	out := map[string]Row{}
	for _, b := range Wanted(r.spec, r.spec.Hosts) {
		row, err := Judge(artifact.OpenWorkDir(r.work.Path()), r.spec, b)
		must(r.t, err)
		out[b.Name] = row
	}
	return out
}

func (r *rig) read(name string) string {
	r.t.Helper()
	data, err := os.ReadFile(r.work.Path("bin", name))
	must(r.t, err)
	return string(data)
}

// httptestTLS serves checksums of kubelet over TLS, and sends whoever wants the file elsewhere.
func httptestTLS(t *testing.T, elsewhere string) *httptest.Server {
	t.Helper()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isSums(r) {
			_, _ = w.Write([]byte(strings.Repeat("0", 64)))
			return
		}
		http.Redirect(w, r, elsewhere, http.StatusFound)
	}))
	t.Cleanup(s.Close)
	return s
}

func sumLine(data []byte, file string) string {
	return fmt.Sprintf("%x  %s\n", sha256.Sum256(data), file)
}
