package haproxy

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// runtime is the client of the balancer's socket.
func (b *balancer) runtime() Runtime {
	return Runtime{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if network != "unix" || address != Socket {
			b.t.Errorf("dialled %s %s", network, address)
		}
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(b.root, "admin.sock"))
	}}
}

func (b *balancer) state(name string) ServerState {
	b.t.Helper()
	all, err := b.runtime().Servers(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	for _, s := range all {
		if s.Name == name {
			return s
		}
	}
	b.t.Fatalf("no %s among %+v", name, all)
	return ServerState{}
}

func TestDrainAndUndrain(t *testing.T) {
	b, _, _ := rig(t)
	b.becomes("kmaster1", "UP")
	if s := b.state("kmaster1"); !s.Up || s.Drained {
		t.Fatalf("before: %+v", s)
	}
	if err := b.runtime().Drain(t.Context(), "kmaster1"); err != nil {
		t.Fatal(err)
	}
	if s := b.state("kmaster1"); !s.Up || !s.Drained {
		t.Errorf("drained: %+v", s)
	}
	if seen := b.answers(9); seen["kmaster1"] > 0 {
		t.Errorf("drained, and answers %v", seen)
	}
	if err := b.runtime().Undrain(t.Context(), "kmaster1"); err != nil {
		t.Fatal(err)
	}
	if s := b.state("kmaster1"); !s.Up || s.Drained {
		t.Errorf("undrained: %+v", s)
	}
	if seen := b.answers(12); seen["kmaster1"] == 0 {
		t.Errorf("undrained, and never answers: %v", seen)
	}
}

// cutOff is a connection that ends before the order gets through.
type cutOff struct{ net.Conn }

func (c cutOff) Write(p []byte) (int, error) { return len(p), c.Close() }
func (c cutOff) Read([]byte) (int, error)    { return 0, io.EOF }

// An order that does not get through is not taken for one that was carried out.
func TestOrderThatIsCutOffIsAnError(t *testing.T) {
	b, _, _ := rig(t)
	b.becomes("kmaster1", "UP")
	dial, dials, broken := b.runtime().Dial, 0, 1
	r := Runtime{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if dials++; dials == broken && err == nil {
			conn = cutOff{conn}
		}
		return conn, err
	}}
	if err := r.Drain(t.Context(), "kmaster1"); err == nil {
		t.Error("a drain that was cut off succeeded")
	}
	if err := r.Drain(t.Context(), "kmaster1"); err != nil {
		t.Error(err)
	}
	// The second order of undraining, after health checks began.
	dials, broken = 0, 2
	if err := r.Undrain(t.Context(), "kmaster1"); err == nil {
		t.Error("an undrain that was cut off succeeded")
	}
	if err := r.Undrain(t.Context(), "kmaster1"); err != nil || b.state("kmaster1").Drained {
		t.Errorf("undrained: %v, %+v", err, b.state("kmaster1"))
	}
}

func TestLeaveWaitsUntilClientsHaveLeft(t *testing.T) {
	b, servers, _ := rig(t)
	client := b.client()
	name, err := b.get(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	if open, err := b.runtime().Sessions(t.Context(), name); err != nil || open != 1 {
		t.Fatalf("%d sessions with one client: %v", open, err)
	}
	for _, s := range servers {
		if s.name == name {
			time.AfterFunc(settled, s.CloseClientConnections)
		}
	}
	began := time.Now()
	if err := b.runtime().Drain(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if err := b.runtime().Leave(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < settled || took > settled+3*time.Second {
		t.Errorf("all had left after %v, the last client left after %v", took, settled)
	}
}

// A server that does not answer gets no client by being undrained.
func TestUndrainedServerThatIsNotReadyGetsNothing(t *testing.T) {
	b, servers, _ := rig(t)
	b.becomes("kmaster2", "UP")
	if err := b.runtime().Drain(t.Context(), "kmaster2"); err != nil {
		t.Fatal(err)
	}
	servers[1].status.Store(http.StatusInternalServerError)
	time.Sleep(settled)
	if err := b.runtime().Undrain(t.Context(), "kmaster2"); err != nil {
		t.Fatal(err)
	}
	if s := b.state("kmaster2"); s.Up || s.Drained {
		t.Errorf("undrained while it says no: %+v", s)
	}
	if seen := b.answers(9); seen["kmaster2"] > 0 {
		t.Errorf("answered while it was not ready: %v", seen)
	}
}

func TestUnknownServerIsRefused(t *testing.T) {
	b, _, _ := rig(t)
	if err := b.runtime().Drain(t.Context(), "kmaster9"); err == nil {
		t.Error("drained a server that is not there")
	}
}

func TestOtherConfigurationHasNoServers(t *testing.T) {
	if got, err := parseServers("1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state\n"); err != nil || len(got) > 0 {
		t.Errorf("%v %v", got, err)
	}
	if _, err := parseServers("1\n# srv_name srv_op_state srv_admin_state\nk1 up no\n"); err == nil {
		t.Error("took words for numbers")
	}
}
