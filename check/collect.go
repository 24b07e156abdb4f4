package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"hardway/cluster"
	"hardway/remote"
)

// Target is a host to look at; Trouble is why there is no connection to it.
type Target struct {
	Node    cluster.Node
	Conn    remote.Looker
	Trouble error
}

// Collect looks at all hosts side by side, spec.ssh.parallel at once: facts first, then who gets where, while something
// listens wherever nothing does yet. What cannot be seen is part of the survey, never an error. The operator's clock is
// now.
func Collect(ctx context.Context, spec *cluster.Spec, targets []Target, now func() time.Time) *Survey {
	s := &Survey{Spec: spec, Hosts: make([]Host, len(targets))}
	each := func(do func(context.Context, remote.Looker, *Host)) {
		_ = remote.ForEach(ctx, indices(targets), spec.SSH.Parallel, func(ctx context.Context, i int) error {
			if targets[i].Conn != nil {
				do(ctx, targets[i].Conn, &s.Hosts[i])
			}
			return nil
		})
	}
	for i, t := range targets {
		s.Hosts[i] = Host{Node: t.Node, Trouble: t.Trouble}
	}
	each(func(ctx context.Context, conn remote.Looker, h *Host) {
		h.Facts, h.Trouble = ask(ctx, spec, conn, h.Node, now)
	})
	silent := s.listenEverywhere(ctx, targets)
	defer silent.close()
	each(func(ctx context.Context, conn remote.Looker, h *Host) {
		if h.Facts != nil {
			s.dialFrom(ctx, conn, h, silent)
		}
	})
	return s
}

func indices[T any](items []T) []int {
	out := make([]int, len(items))
	for i := range out {
		out[i] = i
	}
	return out
}

// ask gets a host's facts.
func ask(ctx context.Context, spec *cluster.Spec, conn remote.Looker, node cluster.Node, now func() time.Time) (*Facts, error) {
	asked := now()
	answer, err := conn.Ask(ctx, factsFor(spec, node))
	answered := now()
	if err != nil {
		return nil, err
	}
	facts, err := ParseFacts(answer)
	if err != nil {
		return nil, &remote.HostError{
			Host: node.Name, Message: err.Error(), Err: err,
			Hint: "does a start-up file of the login shell print anything? it must be silent for commands",
		}
	}
	facts.Asked, facts.Answered = asked, answered
	return facts, nil
}

// standIns is what listens for the moment, and on which hosts nothing could.
type standIns struct {
	mu     sync.Mutex
	open   []io.Closer
	failed map[string]error
}

// listenEverywhere has each host listen where its servers will and nothing does yet.
func (s *Survey) listenEverywhere(ctx context.Context, targets []Target) *standIns {
	in := &standIns{failed: map[string]error{}}
	_ = remote.ForEach(ctx, indices(targets), s.Spec.SSH.Parallel, func(ctx context.Context, i int) error {
		addresses := s.vacant(&s.Hosts[i])
		if len(addresses) == 0 {
			return nil
		}
		l, err := targets[i].Conn.Listen(ctx, addresses)
		in.mu.Lock()
		defer in.mu.Unlock()
		if err != nil {
			in.failed[targets[i].Node.Name] = err
		} else {
			in.open = append(in.open, l)
		}
		return nil
	})
	return in
}

// vacant is where a host's servers will be dialled by others of the survey, and nothing listens.
func (s *Survey) vacant(h *Host) []string {
	if h.Facts == nil {
		return nil
	}
	var out []string
	for _, from := range s.others(h) {
		for _, o := range s.dials(from) {
			if o.Node.Name == h.Node.Name && !h.answers(o) && !slices.Contains(out, o.Target()) {
				out = append(out, o.Target())
			}
		}
	}
	return out
}

func (h *Host) answers(o Opening) bool { return slices.ContainsFunc(h.Facts.Listens, o.answersAt) }

// close ends all of them side by side.
func (in *standIns) close() {
	var wg sync.WaitGroup
	for _, l := range in.open {
		wg.Go(func() { _ = l.Close() })
	}
	wg.Wait()
}

const (
	// dialLimit is how long a dial may take: a firewall that drops says nothing.
	dialLimit = 3 * time.Second
	// dialsAtOnce is how many a host has under way.
	dialsAtOnce = 16
)

// dialFrom has a host dial what it will, and tries what its SSH server forwards, all side by side: each only waits.
func (s *Survey) dialFrom(ctx context.Context, conn remote.Looker, h *Host, in *standIns) {
	h.Forwards, h.Nameservers = map[string]error{}, map[string]error{}
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		h.forwardsTCP(ctx, conn)
		h.forwardsUnix(ctx, conn)
	})
	wg.Go(func() { s.askNameservers(ctx, conn, h) })
	wg.Go(func() { s.askShared(ctx, conn, h) })
	servers := s.dials(h)
	h.Dials = make([]Dial, len(servers))
	_ = remote.ForEach(ctx, indices(servers), dialsAtOnce, func(ctx context.Context, i int) error {
		o := servers[i]
		h.Dials[i] = Dial{To: o, Err: try(ctx, conn, tcp, o.Target())}
		if !s.host(o.Node.Name).answers(o) {
			h.Dials[i].Silent = in.failed[o.Node.Name]
		}
		return nil
	})
}

// askNameservers asks those that the host has, where it needs any.
func (s *Survey) askNameservers(ctx context.Context, conn remote.Looker, h *Host) {
	if !needsNames(s.Spec, h.Node) {
		return
	}
	for _, address := range h.Facts.Nameservers {
		h.Nameservers[address] = askNameserver(ctx, conn, address)
	}
}

// askShared looks whether somebody has the address that balancers share, where none of them does.
func (s *Survey) askShared(ctx context.Context, conn remote.Looker, h *Host) {
	shared := s.Spec.LoadBalancer.VirtualIP
	if sharers(s.Spec, h.Node) && s.holderOf(shared) == "" {
		h.Shared = map[string]error{shared: try(ctx, conn, tcp, sharedTarget(shared))}
	}
}

func (s *Survey) host(name string) *Host {
	i := slices.IndexFunc(s.Hosts, func(h Host) bool { return h.Node.Name == name })
	return &s.Hosts[i]
}

// try is why the host does not get there; nil when it does.
func try(ctx context.Context, conn remote.Looker, network, address string) error {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	c, err := conn.Dial(ctx, network, address)
	if err != nil {
		return errors.Join(err, ctx.Err())
	}
	return c.Close()
}

// trySocket opens a socket and says nothing: whether a program on the host reached it shows when the other side has ended.
func trySocket(ctx context.Context, conn remote.Looker, path string) error {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	c, err := conn.Dial(ctx, "unix", path)
	if err != nil {
		return errors.Join(err, ctx.Err())
	}
	defer c.Close()
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			return err
		}
	}
	ended := make(chan error, 1)
	go func() { _, err := io.Copy(io.Discard, c); ended <- err }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		// It is connected, and the other side waits for more.
		return nil
	}
}

// forwardsTCP: any answer but that it is not allowed means that it is, also that nobody listens. No server is disturbed.
func (h *Host) forwardsTCP(ctx context.Context, conn remote.Looker) {
	h.Forwards["tcp"] = nil
	if err := try(ctx, conn, tcp, "127.0.0.1:1"); prohibited(err) {
		h.Forwards["tcp"] = err
	}
}

// sockets is where something listens on hosts with systemd that takes a connection without a word, the one that matters
// first.
var sockets = []string{"/run/haproxy/admin.sock", "/run/systemd/journal/stdout", "/run/dbus/system_bus_socket"}

// forwardsUnix tries a load balancer's sockets until one works, as they are reached for draining: forwarded by sshd, or else
// by a program on the host.
func (h *Host) forwardsUnix(ctx context.Context, conn remote.Looker) {
	if !h.Node.Has(cluster.RoleLoadBalancer) {
		return
	}
	for _, socket := range sockets {
		if !h.Facts.Sockets[socket] {
			continue
		}
		if h.Forwards["unix"] = trySocket(ctx, conn, socket); h.Forwards["unix"] == nil {
			return
		}
	}
}

// troubleOf is an error as a person reads it under a host's name, and what to try.
func troubleOf(err error) (message, hint string) {
	for _, p := range cluster.ProblemsOf(err) {
		return p.Message, p.Hint
	}
	return fmt.Sprint(err), ""
}
