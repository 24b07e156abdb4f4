package rollout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hardway/artifact"
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

// A unit is left as it was found: what ran runs again, what did not is stopped, and nobody waits for it to answer.
func TestWhatDidNotRunIsStoppedAgain(t *testing.T) {
	start := func(unit string) Move { return one("m1", Start, unit, "") }
	commit := Move{Verb: Commit, Hosts: []string{"m1"}}
	ready := gate([]string{"m1"}, AskEtcd, AskAPI, AskControllers)
	for name, c := range map[string]struct {
		made []Move
		want string
	}{
		"it ran":            {[]Move{one("m1", Stop, "kube-apiserver.service", ""), commit, start("kube-apiserver.service"), ready}, "put-back, restart kube-apiserver.service, gate [etcd kube-apiserver controllers]"},
		"it did not":        {[]Move{commit, start("kube-apiserver.service"), ready}, "stop kube-apiserver.service, put-back"},
		"nothing else ran":  {[]Move{start("kube-apiserver.service"), start("kube-scheduler.service"), ready}, "stop kube-scheduler.service, stop kube-apiserver.service"},
		"its etcd ran":      {[]Move{commit, one("m1", RestartUnit, "etcd.service", ""), start("kube-apiserver.service"), ready}, "stop kube-apiserver.service, put-back, restart etcd.service, gate [etcd]"},
		"a controller less": {[]Move{commit, one("m1", RestartUnit, "kube-scheduler.service", ""), start("kube-controller-manager.service"), ready}, "stop kube-controller-manager.service, put-back, restart kube-scheduler.service, gate [etcd kube-apiserver]"},
		"a balancer":        {[]Move{commit, start("haproxy.service"), gate([]string{"m1"}, AskBalancer), gate([]string{"m1"}, AskBackend)}, "stop haproxy.service, put-back"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, m := range Back("m1", c.made) {
				line := strings.TrimSpace(string(m.Verb) + " " + m.What)
				if m.Verb == Gate {
					line += fmt.Sprint(" ", m.Asks)
				}
				got = append(got, line)
			}
			if now := strings.Join(got, ", "); now != c.want {
				t.Errorf("got  %s\nwant %s", now, c.want)
			}
		})
	}
}

// rubbish is a host from which nothing that is staged can be taken off.
type rubbish struct{ remote.Changer }

func (rubbish) Host() string { return "m1" }

func (r rubbish) Stage(context.Context, []artifact.File) (remote.Staged, error) { return r, nil }

func (rubbish) Commit(context.Context) error { return nil }

func (rubbish) Discard(context.Context) error { return errors.New("the host went away") }

// What is finished stays so where a host goes away at the very end.
func TestAFinishedRunDoesNotFailAtTidyingUp(t *testing.T) {
	var told []string
	r := Roller{Parallel: 1, Tell: func(_, host, message string) { told = append(told, host+": "+message) }}
	if err := r.Run(t.Context(), Roll{Batch: Batch{{Conn: rubbish{}, Change: Change{Host: "m1"}}}}); err != nil {
		t.Errorf("got %v", err)
	}
	if said := strings.Join(told, "\n"); !strings.Contains(said, "m1: ") || !strings.Contains(said, "the host went away") || !strings.Contains(said, "the next run") {
		t.Errorf("nobody is told: %s", said)
	}
}
