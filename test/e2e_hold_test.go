//go:build e2e

package test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/etcd"
	"hardway/pki"
	"hardway/remote"
	"hardway/rollout"
	"hardway/test/load"
)

// handOvers is how often etcd's lead changes hands, held and not.
const handOvers = 20

// TestNoWriteFailsWhileTheLeadOfEtcdChangesHands forces what a roll does once, under a load of writes: 20 times as a roll does
// it, 20 times without holding API servers, which shows what the load can see, and 3 times with a hold that runs out.
func TestNoWriteFailsWhileTheLeadOfEtcdChangesHands(t *testing.T) {
	c := withKubernetes(t)
	c.exits(0, "up")
	h := c.handingOver()
	held := c.underWrites(func() { c.keepsItsServers(func() { h.times(handOvers, c.masterNames()) }) })
	t.Logf("%d hand-overs with API servers held: %d requests failed; each took %s\n%s", handOvers, held.Failed(), h.took(), held)
	if held.Failed() > 0 || held.Requests < 1000 {
		t.Errorf("%d of %d requests failed in hand-overs that were held", held.Failed(), held.Requests)
	}
	if len(h.told) > 0 {
		t.Errorf("not all was held: %q", h.told)
	}

	unheld := c.underWrites(func() { h.times(handOvers, nil) })
	t.Logf("%d hand-overs without: %d requests failed; each took %s", handOvers, unheld.Failed(), h.took())
	if unheld.Failed() == 0 {
		t.Error("nothing failed without a hold either: the load notices nothing")
	}
	if len(unheld.Lost) > 0 {
		t.Error("acknowledged writes are lost")
	}

	h.slow = remote.HoldLimit + 200*time.Millisecond
	late := c.underWrites(func() { c.keepsItsServers(func() { h.times(3, c.masterNames()) }) })
	t.Logf("3 hand-overs for which a hold was too short: %s", late)
	if late.Failed() > 0 {
		t.Errorf("%d requests failed of holds that ran out", late.Failed())
	}
	if len(h.told) != 3 || !strings.Contains(h.told[0], "took longer to agree on who leads than the 1s") {
		t.Errorf("of holds that ran out is told %q", h.told)
	}
}

// keepsItsServers holds that the balancer takes no server down meanwhile.
func (c *controlPlane) keepsItsServers(do func()) {
	c.t.Helper()
	before := len(c.log("haproxy", "haproxy.service"))
	do()
	if said := c.log("haproxy", "haproxy.service")[before:]; strings.Contains(said, "DOWN") {
		c.t.Errorf("the balancer took a server down: %s", said)
	}
}

// underWrites is a load of writes above all.
func (c *controlPlane) underWrites(do func()) load.Report {
	c.t.Helper()
	l, err := load.Start(c.t.Context(), load.Options{
		Kubeconfig: c.kubeconfig("super-admin"), Namespace: "hold-" + time.Now().Format("150405"), Clients: 6, Pause: 5 * time.Millisecond,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	time.Sleep(time.Second)
	do()
	// What etcd has lost is told so after 7 s.
	time.Sleep(time.Second)
	report, err := l.Stop(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return report
}

// handing is the very moves of a roll, over connections of its own.
type handing struct {
	*controlPlane
	conns  map[string]remote.Changer
	config *tls.Config
	// slow is how long the lead takes to change hands at least.
	slow  time.Duration
	spans []time.Duration
	told  []string
}

func (c *controlPlane) handingOver() *handing {
	c.t.Helper()
	config, err := pki.Open(artifact.OpenWorkDir(c.work), c.spec).ClientTLS("etcd-admin")
	if err != nil {
		c.t.Fatal(err)
	}
	h := &handing{controlPlane: c, conns: map[string]remote.Changer{}, config: config}
	dialer := remote.NewDialer(remote.Options{SSH: c.spec.SSHFor, KnownHosts: filepath.Join(c.work, "known_hosts")})
	for _, n := range c.masters() {
		client, err := dialer.Dial(c.t.Context(), n)
		if err != nil {
			c.t.Fatal(err)
		}
		c.t.Cleanup(func() { _ = client.Close() })
		h.conns[n.Name] = client
	}
	return h
}

// dial reaches a member through its own host.
func (h *handing) dial(ctx context.Context, network, address string) (net.Conn, error) {
	for _, n := range h.masters() {
		if strings.HasPrefix(address, n.PrimaryAddress()+":") {
			return h.conns[n.Name].Dial(ctx, network, address)
		}
	}
	return nil, fmt.Errorf("no member at %s", address)
}

// times hands the lead over so often, whoever has it.
func (h *handing) times(n int, holds []string) {
	h.t.Helper()
	h.spans, h.told = nil, nil
	for range n {
		for _, leader := range h.leaders() {
			move := rollout.Move{Verb: rollout.MoveLeader, Hosts: []string{leader}, What: etcd.Unit, Holds: holds}
			if err := h.roller().Run(h.t.Context(), rollout.Roll{Turns: []rollout.Turn{{Moves: []rollout.Move{move}}}}); err != nil {
				h.t.Error(err)
			}
		}
		time.Sleep(1500 * time.Millisecond)
	}
}

func (h *handing) leaders() []string {
	h.t.Helper()
	members, _ := etcd.Judge(h.spec, etcd.Collect(h.t.Context(), h.spec, h.config, h.dial, nil))
	var names []string
	for _, m := range members {
		if m.Leader {
			names = append(names, m.Name)
		}
	}
	if len(names) != 1 {
		h.t.Errorf("etcd has %d leaders", len(names))
	}
	return names
}

func (h *handing) roller() rollout.Roller {
	return rollout.Roller{
		Parallel: 3, Conns: h.conns,
		MoveLeader: func(ctx context.Context, away string, hold etcd.Hold) error {
			return etcd.MoveLeader(ctx, h.spec, h.config, h.dial, away, h.timed(hold))
		},
		Tell: func(_, host, message string) {
			if message != "" {
				h.told = append(h.told, host+": "+message)
			}
		},
	}
}

// timed is a hold, and how long it was.
func (h *handing) timed(hold etcd.Hold) etcd.Hold {
	return func(ctx context.Context) (context.Context, func()) {
		began := time.Now()
		held, release := hold(ctx)
		return held, func() {
			time.Sleep(h.slow)
			h.spans = append(h.spans, time.Since(began).Round(time.Millisecond))
			release()
		}
	}
}

func (h *handing) took() string {
	slices.Sort(h.spans)
	return fmt.Sprintf("%s to %s", h.spans[0], h.spans[len(h.spans)-1])
}

func (c *controlPlane) masterNames() []string {
	var names []string
	for _, n := range c.masters() {
		names = append(names, n.Name)
	}
	return names
}
