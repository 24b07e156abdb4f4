package check

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	core "k8s.io/api/core/v1"

	"hardway/cluster"
	"hardway/manifests"
)

// startLimit is how long a program in a pod may take to start.
const startLimit = 10 * time.Second

// prober is a second CoreDNS in a pod's network, which passes questions on: what it gets an answer to, any program in the pod
// would. It takes no tool on the node and none in the image.
type prober struct {
	*session
	node    cluster.Node
	dial    manifests.DialFunc
	address string
	// zones is whom it passes the questions for each zone on to.
	zones map[string]string
}

// The zones that stand for what is asked through a prober.
const serviceZone = "service.hardway."

func podZone(node string) string { return "on-" + strings.ReplaceAll(node, ".", "-") + ".hardway." }

// probe executes a prober in the pod of a node and asks through it.
func (t *trial) probe(ctx context.Context, n cluster.Node, pod core.Pod) {
	p, err := t.prober(ctx, n, pod)
	if err != nil {
		t.add(liveExec, n.Name, failed("ssh "+n.Name+" journalctl -u kubelet -u containerd -n 50; see `"+liveKubelet+"`", "no program can be executed in a pod on it: %v", err))
		for _, name := range []string{liveDNS, livePodToPod, liveService} {
			t.add(name, n.Name, unknown("see `"+liveExec+"`", "could not be tried"))
		}
		return
	}
	defer p.close()
	t.add(liveExec, n.Name, ok("through the API server of %s", t.api.node.Name))
	var under sync.WaitGroup
	under.Go(func() { t.add(liveDNS, n.Name, t.names(ctx, p)) })
	under.Go(func() { t.add(liveService, n.Name, t.reachesService(ctx, p)) })
	under.Go(func() { t.add(livePodToPod, n.Name, t.neighbours(ctx, p)) })
	under.Wait()
}

func (t *trial) prober(ctx context.Context, n cluster.Node, pod core.Pod) (*prober, error) {
	p := &prober{node: n, dial: t.hosts[n.Name].Conn.Dial, zones: map[string]string{}, address: net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(proberPort))}
	p.zones[serviceZone] = net.JoinHostPort(t.service.Spec.ClusterIP, "53")
	order := []string{serviceZone}
	for _, other := range t.ready {
		if to, runs := t.pods[other.Name]; runs && other.Name != n.Name {
			zone := podZone(other.Name)
			p.zones[zone] = net.JoinHostPort(to.Status.PodIP, strconv.Itoa(manifests.MomentPort))
			order = append(order, zone)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	var err error
	if p.session, err = t.api.execute(ctx, t.name, pod.Name, corefile(p.zones, order), manifests.MomentProgram, "-conf", "stdin"); err != nil {
		return nil, err
	}
	if err := p.listens(ctx); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// listens waits until the prober takes questions, as its own node finds it.
func (p *prober) listens(ctx context.Context) error {
	for {
		conn, err := p.dial(ctx, "tcp", p.address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-p.ended:
			output, status := p.said()
			return fmt.Errorf("%s ended: %s", manifests.MomentProgram, strings.TrimSpace(status+" "+output))
		case <-ctx.Done():
			return fmt.Errorf("%s runs, and does not listen at %s within %s: %w", manifests.MomentProgram, p.address, startLimit, err)
		case <-time.After(podsEvery / 2):
		}
	}
}

// names resolves what every pod may have to, through the pod's own resolv.conf.
func (t *trial) names(ctx context.Context, p *prober) []Row {
	name := "kubernetes.default.svc." + t.Spec.Network.ClusterDomain
	want := t.Spec.ServiceIPs()[0]
	err := t.answers(ctx, p.dial, p.address, name+".", want)
	if err != nil {
		return failed("kubectl -n kube-system get pods,endpointslices -l k8s-app=kube-dns; see `"+liveAddons+"`, `"+livePodToPod+"` and `"+liveProxy+"`",
			"a pod on it does not resolve %s: %s", name, p.why(err, name+"."))
	}
	return ok("%s is %s", name, want)
}

func (t *trial) reachesService(ctx context.Context, p *prober) []Row {
	if err := t.answers(ctx, p.dial, p.address, serviceZone, netip.Addr{}); err != nil {
		return failed("ssh "+p.node.Name+" journalctl -u kube-proxy -n 50; see `"+livePodToPod+"`", "a pod on it gets no answer from a Service at %s: %s", p.zones[serviceZone], p.why(err, serviceZone))
	}
	return ok("answers at %s", p.zones[serviceZone])
}

// neighbours asks the pods on all other nodes, side by side.
func (t *trial) neighbours(ctx context.Context, p *prober) []Row {
	var under sync.WaitGroup
	var mu sync.Mutex
	var rows []Row
	var reached []string
	for _, other := range t.ready {
		zone := podZone(other.Name)
		if p.zones[zone] == "" {
			continue
		}
		under.Go(func() {
			err := t.answers(ctx, p.dial, p.address, zone, netip.Addr{})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				reached = append(reached, other.Name)
				return
			}
			rows = append(rows, failed(
				fmt.Sprintf("hardway apply worker; firewalls on %s and %s have to let the pod network through: `hardway preflight --ports` prints the rules", p.node.Name, other.Name),
				"a pod on it gets no answer from one on %s, at %s: %s", other.Name, p.zones[zone], p.why(err, zone))...)
		})
	}
	under.Wait()
	slices.Sort(reached)
	if len(rows) == 0 && len(reached) == 0 {
		return ok("no other node runs a pod")
	}
	return orOK(rows, "reaches those on %s", strings.Join(reached, ", "))
}

// why is an error in the prober's own words, where it has any for a zone.
func (p *prober) why(err error, zone string) string {
	if errors.Is(err, errSilent) {
		return err.Error()
	}
	output, _ := p.said()
	said := ""
	for line := range strings.Lines(output) {
		if _, about, found := strings.Cut(line, " "+zone+" "); found && strings.Contains(line, "plugin/errors") {
			if _, after, cut := strings.Cut(about, ": "); cut {
				said = strings.TrimSpace(after)
			}
		}
	}
	if said == "" {
		return err.Error()
	}
	return said
}
