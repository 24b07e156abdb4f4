package rollout

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hardway/cluster"
	"hardway/remote"
)

// balancer is a host whose HAProxy takes every order, and whose systemd does.
type balancer struct {
	remote.Changer
	mu     sync.Mutex
	orders []string
}

func (b *balancer) Do(context.Context, remote.Command) error { return nil }

func (b *balancer) Dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	go func() {
		line := make([]byte, 1000)
		n, _ := far.Read(line)
		b.mu.Lock()
		b.orders = append(b.orders, string(line[:n]))
		b.mu.Unlock()
		_ = far.Close()
	}()
	return near, nil
}

// A gate that stays shut while a host is put back does not keep the host from its clients.
func TestClientsComeBackBehindAGateThatStaysShut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lb := &balancer{}
		r := rolling{Roller: Roller{
			Parallel: 1, GateTimeout: 10 * time.Second, Conns: map[string]remote.Changer{"lb": lb, "m1": lb},
			Asks: map[Ask]func(context.Context, []string) []cluster.Problem{AskAPI: func(context.Context, []string) []cluster.Problem {
				return []cluster.Problem{{Host: "m1", Message: "is not ready"}}
			}},
			Tell: func(string, string, string) {},
		}}
		err := r.putBack(t.Context(), "m1", []Move{
			one("m1", RestartUnit, "kube-apiserver.service", ""), gate([]string{"m1"}, AskAPI), one("lb", Undrain, "m1", ""),
		}, io.EOF)
		if !strings.Contains(err.Error(), "is not ready") || !strings.Contains(err.Error(), "could not be put back altogether") {
			t.Errorf("got %v", err)
		}
		if said := strings.Join(lb.orders, ""); !strings.Contains(said, "state ready") {
			t.Errorf("the balancer was told %q", said)
		}
	})
}

// A gate whose context ended while it asked has not asked everyone.
func TestAGateThatIsCutOffStaysShut(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := rolling{Roller: Roller{GateTimeout: time.Minute, Tell: func(string, string, string) {}, Asks: map[Ask]func(context.Context, []string) []cluster.Problem{
		AskAPI: func(context.Context, []string) []cluster.Problem { cancel(); return nil },
	}}}
	if err := r.gate(ctx, gate([]string{"m1"}, AskAPI)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// What an earlier turn committed stays where a later one fails: nobody is told that the host runs on what was before.
func TestAHostWhoseFilesStayIsNotCalledPutBack(t *testing.T) {
	r := rolling{Roller: Roller{Parallel: 1, GateTimeout: time.Second, Tell: func(string, string, string) {}, Conns: map[string]remote.Changer{"m1": &balancer{}}}}
	err := r.putBack(t.Context(), "m1", Back("m1", []Move{one("m1", ReloadUnit, "haproxy.service", "")}), io.EOF)
	if strings.Contains(err.Error(), "what it ran on before") || !strings.Contains(err.Error(), "started again on them") {
		t.Errorf("got %v", err)
	}
}
