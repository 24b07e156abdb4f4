package haproxy

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hardway/cluster"
	"hardway/pki"
	"hardway/test/sample"
)

// settled is for long enough that a check that can fail has failed three times.
const settled = 2 * time.Second

// rig is a balancer before three servers that serve with the certificates made for them.
func rig(t *testing.T) (*balancer, []*apiserver, *pki.Store) {
	t.Helper()
	spec := sample.Spec(t)
	store := sample.PKI(t, spec)
	var servers []*apiserver
	for _, n := range spec.With(cluster.RoleControlPlane) {
		servers = append(servers, newAPIServer(t, n.Name, store, n.Name+"/apiserver"))
	}
	return start(t, store, spec, servers...), servers, store
}

func TestEveryHealthyServerServes(t *testing.T) {
	b, servers, _ := rig(t)
	for _, s := range servers {
		b.becomes(s.name, "UP")
		if _, check := b.server(s.name); !strings.HasPrefix(check, "L7OK") {
			t.Errorf("%s was asked for no page: %s", s.name, check)
		}
	}
	seen := b.answers(12)
	for _, s := range servers {
		if seen[s.name] == 0 {
			t.Errorf("%s never answered: %v", s.name, seen)
		}
	}
}

func TestServerThatIsNotReadyGetsNothing(t *testing.T) {
	b, servers, _ := rig(t)
	servers[1].status.Store(http.StatusInternalServerError)
	b.becomes("kmaster2", "DOWN")
	if seen := b.answers(9); seen["kmaster2"] > 0 {
		t.Errorf("answered while it was not ready: %v", seen)
	}
	servers[1].status.Store(http.StatusOK)
	b.becomes("kmaster2", "UP")
	if seen := b.answers(12); seen["kmaster2"] == 0 {
		t.Errorf("never answered after it came back: %v", seen)
	}
}

func TestServerWithAWrongCertificateIsDown(t *testing.T) {
	spec := sample.Spec(t)
	store, stranger := sample.PKI(t, spec), sample.PKI(t, spec)
	b := start(t, store, spec,
		newAPIServer(t, "kmaster1", store, "kmaster1/apiserver"),
		newAPIServer(t, "kmaster2", stranger, "kmaster2/apiserver"),
		newAPIServer(t, "kmaster3", store, "kmaster3/controller-manager-serving"))
	for name, why := range map[string]string{"kmaster2": "another authority", "kmaster3": "another name"} {
		b.becomes(name, "DOWN")
		if _, check := b.server(name); !strings.Contains(check, "SSL") {
			t.Errorf("%s has a certificate of %s, and is down for %s", name, why, check)
		}
	}
	if seen := b.answers(6); seen["kmaster1"] != 6 {
		t.Errorf("answered: %v", seen)
	}
}

func TestOpenConnectionsToAHungServerAreCut(t *testing.T) {
	b, servers, _ := rig(t)
	client := b.client()
	name, err := b.get(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range servers {
		if s.name == name {
			s.status.Store(0)
		}
	}
	b.becomes(name, "DOWN")
	// The client's connection is gone: it makes another one, which leads elsewhere.
	b.until("the client is served by another", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		other, err := b.get(ctx, client)
		return err == nil && other != name
	})
}

func TestDrainedServerKeepsItsConnectionsAndGetsNoOthers(t *testing.T) {
	b, servers, _ := rig(t)
	client := b.client()
	name, err := b.get(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := b.ask("disable health " + Backend + "/" + name + "; set server " + Backend + "/" + name + " state drain"); err != nil || strings.TrimSpace(out) != "" {
		t.Fatalf("HAProxy answers %q: %v", out, err)
	}
	for _, s := range servers {
		if s.name == name {
			s.status.Store(http.StatusInternalServerError)
		}
	}
	time.Sleep(settled)
	if same, err := b.get(t.Context(), client); err != nil || same != name {
		t.Errorf("the open connection leads to %q: %v", same, err)
	}
	if seen := b.answers(9); seen[name] > 0 {
		t.Errorf("drained, and answers %v", seen)
	}
}

func TestReloadReadsTheBundleAgain(t *testing.T) {
	spec := sample.Spec(t)
	store, next := sample.PKI(t, spec), sample.PKI(t, spec)
	b := start(t, store, spec,
		newAPIServer(t, "kmaster1", store, "kmaster1/apiserver"),
		newAPIServer(t, "kmaster2", next, "kmaster2/apiserver"),
		newAPIServer(t, "kmaster3", store, "kmaster3/apiserver"))
	b.becomes("kmaster2", "DOWN")
	more, err := os.ReadFile(next.WorkDir().Path("pki/ca-bundle.crt"))
	if err != nil {
		t.Fatal(err)
	}
	bundle := filepath.Join(b.root, CAPath)
	had, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bundle, append(had, more...), 0o644); err != nil {
		t.Fatal(err)
	}
	time.Sleep(settled)
	if status, _ := b.server("kmaster2"); status != "DOWN" {
		t.Errorf("%s before the reload: the table of reads is wrong", status)
	}
	b.trust.RootCAs.AppendCertsFromPEM(more)
	if err := b.process.Process.Signal(syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	// No request of these fails while one process takes over from the other.
	b.until("kmaster2 serves", func() bool { return b.answers(3)["kmaster2"] > 0 })
}

func TestStatsPageAsksForThePassword(t *testing.T) {
	b, _, _ := rig(t)
	for _, password := range []string{"", "wrong", secrets(t).HAProxy.StatsPassword} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+b.stats+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if password != "" {
			request.SetBasicAuth("admin", password)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		want := http.StatusUnauthorized
		if password == secrets(t).HAProxy.StatsPassword {
			want = http.StatusOK
		}
		if response.StatusCode != want {
			t.Errorf("password %q: %s, want %d", password, response.Status, want)
		}
	}
}

func TestRuntimeSocketIsForItsOwnerOnly(t *testing.T) {
	b, _, _ := rig(t)
	info, err := os.Stat(filepath.Join(b.root, "admin.sock"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
}
