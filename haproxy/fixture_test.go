package haproxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/csv"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/pki"
	"hardway/test/sample"
)

// fixed is a source of randomness that gives the same byte again and again.
type fixed byte

func (f fixed) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(f)
	}
	return len(p), nil
}

func secrets(t *testing.T) Secrets {
	t.Helper()
	s, _, err := PlanSecrets(artifact.OpenWorkDir(t.TempDir()), fixed(7))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rendered(t *testing.T, spec *cluster.Spec, node string, store *pki.Store) map[string]artifact.File {
	t.Helper()
	files, err := Files(spec, sample.Node(t, spec, node), store, secrets(t))
	if err != nil {
		t.Fatal(err)
	}
	byPath := map[string]artifact.File{}
	for _, f := range files {
		byPath[f.Path] = f
	}
	return byPath
}

func content(t *testing.T, f artifact.File) string {
	t.Helper()
	data, err := artifact.ReadAll(f.Content)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// program finds HAProxy; some distributions keep it out of an ordinary user's path.
func program(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"haproxy", "/usr/sbin/haproxy"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("this test needs haproxy")
	return ""
}

// lay writes what a balancer holds below a root and returns the configuration's place there. Paths, addresses and what
// only root may do are replaced in it; everything else stays as it is delivered.
func lay(t *testing.T, root string, files map[string]artifact.File, replace ...string) string {
	t.Helper()
	ca := filepath.Join(root, CAPath)
	for _, dir := range []string{filepath.Dir(ca), filepath.Dir(filepath.Join(root, ConfigPath))} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(ca, []byte(content(t, files[CAPath])), 0o644); err != nil {
		t.Fatal(err)
	}
	all := append([]string{CAPath, ca, Socket, filepath.Join(root, "admin.sock")}, replace...)
	text := strings.NewReplacer(all...).Replace(content(t, files[ConfigPath]))
	config := filepath.Join(root, ConfigPath)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config
}

// apiserver is a TLS server that answers /readyz as it is told.
type apiserver struct {
	*httptest.Server
	name string
	// status is what /readyz answers; 0 keeps it waiting.
	status atomic.Int64
}

// newAPIServer serves with a leaf of the store.
func newAPIServer(t *testing.T, name string, store *pki.Store, leaf string) *apiserver {
	t.Helper()
	client, err := store.Client(leaf)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(client.Cert, client.Key)
	if err != nil {
		t.Fatal(err)
	}
	a := &apiserver{name: name}
	a.status.Store(http.StatusOK)
	a.Server = httptest.NewUnstartedServer(http.HandlerFunc(a.answer))
	a.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	// HAProxy's refusals of wrong certificates are what is tested, not worth a line each.
	a.Config.ErrorLog = log.New(io.Discard, "", 0)
	a.StartTLS()
	t.Cleanup(func() { a.CloseClientConnections(); a.Close() })
	return a
}

func (a *apiserver) answer(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/readyz" {
		fmt.Fprint(w, a.name)
		return
	}
	for a.status.Load() == 0 {
		select {
		case <-r.Context().Done():
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
	w.WriteHeader(int(a.status.Load()))
}

// balancer is a running HAProxy.
type balancer struct {
	t                     *testing.T
	process               *exec.Cmd
	root, frontend, stats string
	trust                 *tls.Config
}

// start runs HAProxy with the configuration of haproxy1, its servers at the addresses of ours.
func start(t *testing.T, store *pki.Store, spec *cluster.Spec, servers ...*apiserver) *balancer {
	t.Helper()
	b := &balancer{t: t, root: t.TempDir(), frontend: free(t), stats: free(t), trust: trusted(t, store)}
	replace := []string{
		"bind 0.0.0.0:6443", "bind " + b.frontend, "bind 127.0.0.1:9000", "bind " + b.stats,
		"    chroot /var/lib/haproxy\n", "", "    user haproxy\n", "", "    group haproxy\n", "",
	}
	for i, node := range spec.With(cluster.RoleControlPlane) {
		replace = append(replace, join(node.PrimaryAddress(), cluster.APIServerPort), servers[i].Listener.Addr().String())
	}
	config := lay(t, b.root, rendered(t, spec, "haproxy1", store), replace...)
	b.process = exec.Command(program(t), "-W", "-f", config)
	said, err := os.Create(filepath.Join(b.root, "log"))
	if err != nil {
		t.Fatal(err)
	}
	b.process.Stdout, b.process.Stderr = said, said
	if err := b.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.stop)
	b.until("HAProxy listens", func() bool { _, err := b.ask("show info"); return err == nil })
	return b
}

func (b *balancer) stop() {
	if b.t.Failed() {
		said, _ := os.ReadFile(filepath.Join(b.root, "log"))
		b.t.Logf("HAProxy said:\n%s", said)
	}
	_ = b.process.Process.Signal(os.Interrupt)
	_ = b.process.Wait()
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

func trusted(t *testing.T, store *pki.Store) *tls.Config {
	t.Helper()
	config, err := store.ClientTLS("admin")
	if err != nil {
		t.Fatal(err)
	}
	config.ServerName = "kubernetes"
	return config
}

// until waits for what a loaded machine may take its time for.
func (b *balancer) until(what string, holds func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("not so within 30 s: %s", what)
		}
	}
}

// ask runs a command on the runtime socket.
func (b *balancer) ask(command string) (string, error) {
	conn, err := net.Dial("unix", filepath.Join(b.root, "admin.sock"))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintln(conn, command); err != nil {
		return "", err
	}
	var out strings.Builder
	_, err = bufio.NewReader(conn).WriteTo(&out)
	return out.String(), err
}

// server is a server's status and what its last check said.
func (b *balancer) server(name string) (status, check string) {
	b.t.Helper()
	text, err := b.ask("show stat")
	if err != nil {
		b.t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "# "))).ReadAll()
	if err != nil {
		b.t.Fatal(err)
	}
	column := map[string]int{}
	for i, title := range rows[0] {
		column[title] = i
	}
	for _, row := range rows[1:] {
		if row[column["pxname"]] == Backend && row[column["svname"]] == name {
			return row[column["status"]], row[column["check_status"]] + " " + row[column["last_chk"]]
		}
	}
	b.t.Fatalf("HAProxy knows no %s", name)
	return "", ""
}

func (b *balancer) becomes(name, want string) {
	b.t.Helper()
	b.until(name+" is "+want, func() bool { status, _ := b.server(name); return status == want })
}

// client is one client with connections of its own.
func (b *balancer) client() *http.Client {
	transport := &http.Transport{TLSClientConfig: b.trust.Clone()}
	b.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// get is the name of the server that answered.
func (b *balancer) get(ctx context.Context, client *http.Client) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+b.frontend+"/who", nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var out strings.Builder
	_, err = bufio.NewReader(response.Body).WriteTo(&out)
	return out.String(), err
}

// answers is which servers answer a number of new clients.
func (b *balancer) answers(n int) map[string]int {
	b.t.Helper()
	seen := map[string]int{}
	for range n {
		name, err := b.get(b.t.Context(), b.client())
		if err != nil {
			b.t.Fatalf("a request failed: %v", err)
		}
		seen[name]++
	}
	return seen
}

var anyHash = regexp.MustCompile(artifact.InputsVariable + "=[0-9a-f]{64}")
