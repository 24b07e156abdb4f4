package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"hardway/cluster"
	"hardway/lab/machine"
)

// defaultMachines is three masters, a balancer and two workers.
const defaultMachines = 6

// upContainers makes a machine for each host of a spec: the one that stands there, or the one of --file, or one of its own.
func (p *program) upContainers(ctx *cli.Context, at place) error {
	if err := at.claim(); err != nil {
		return err
	}
	existing, err := at.readSpec()
	if err != nil {
		return err
	}
	subnet, err := wantedSubnet(ctx, existing)
	if err != nil {
		return err
	}
	of := at.machineLab(config{Name: at.labName()})
	if subnet, err = of.Network(ctx.Context, subnet); err != nil {
		return withDockerHint(err)
	}
	spec, text, err := p.machineSpec(ctx, at, existing, subnet)
	if err != nil {
		return err
	}
	hosts, err := hostsOf(spec, subnet)
	if err != nil {
		return err
	}
	lines, err := of.KnownHosts(hosts)
	if err != nil {
		return err
	}
	options := machine.Options{
		Hosts: hosts, ClientKey: at.identity(), Images: ctx.String("images"), Cache: ctx.String("cache"), Progress: p.streams.Err,
	}
	if err := of.Up(ctx.Context, options); err != nil {
		return withDockerHint(err)
	}
	err = errors.Join(writeNew(at.gitignore(), []byte("*\n"), 0o644), writeNew(at.spec(), text, 0o644), trust(at, lines))
	if err != nil {
		return err
	}
	fmt.Fprintf(p.streams.Err, "%d machines are up in %s; the work directory is %s\n", len(hosts), subnet, at.dir)
	return p.status(ctx)
}

// claim records that the lab there is one of containers, so that down finds what a failed up has made.
func (p place) claim() error {
	c, err := p.readConfig()
	if err == nil && c.Driver != driverContainer {
		return hinted{fmt.Errorf("%s holds a lab of hosts on loopback addresses", p.dir), "hardway-lab down --purge removes it, --dir names another place"}
	}
	if !errors.Is(err, errNoLab) {
		return err
	}
	return p.writeConfig(config{Driver: driverContainer, Name: p.labName()})
}

// readSpec is the cluster.yaml that stands there; nil where there is none.
func (p place) readSpec() (*cluster.Spec, error) {
	data, err := os.ReadFile(p.spec())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("failed to read cluster.yaml: %w", err)
	}
	spec, err := cluster.Parse(data, p.spec())
	if err != nil {
		return nil, hinted{fmt.Errorf("%s stands there and is not valid: %w", p.spec(), err), "mend it, or name another place with --dir"}
	}
	return spec, nil
}

// wantedSubnet is what --subnet says, or the network of the hosts of the spec that stands there; the zero Prefix for any.
func wantedSubnet(ctx *cli.Context, existing *cluster.Spec) (netip.Prefix, error) {
	if text := ctx.String("subnet"); text != "" {
		subnet, err := netip.ParsePrefix(text)
		if err != nil || !subnet.Addr().Is4() || subnet.Bits() != 24 || subnet != subnet.Masked() {
			return netip.Prefix{}, usagef("--subnet: want a network like 172.31.240.0/24, got %q", text)
		}
		return subnet, nil
	}
	if existing == nil || len(existing.Hosts) == 0 {
		return netip.Prefix{}, nil
	}
	first, err := netip.ParseAddr(existing.Hosts[0].PrimaryAddress())
	if err != nil || !first.Is4() {
		return netip.Prefix{}, fmt.Errorf("%s: want an IPv4 address for the host of a lab, got %s", existing.Hosts[0].Name, existing.Hosts[0].PrimaryAddress())
	}
	subnet := netip.PrefixFrom(first, 24).Masked()
	if !machine.OfLabs(subnet) {
		return netip.Prefix{}, hinted{fmt.Errorf("the cluster.yaml that stands there is for hosts outside of any lab: %s is at %s", existing.Hosts[0].Name, first),
			"hardway-lab up -f takes it from another directory, and gives its hosts addresses of the lab's; or say --subnet " + subnet.String()}
	}
	return subnet, nil
}

// machineSpec is the spec of the lab, as a value and as a cluster.yaml: what stands there is a person's, and stays.
func (p *program) machineSpec(ctx *cli.Context, at place, existing *cluster.Spec, subnet netip.Prefix) (*cluster.Spec, []byte, error) {
	if existing != nil && !ctx.IsSet("file") && !ctx.IsSet("hosts") {
		return existing, nil, nil
	}
	spec, dir, err := sourceSpec(ctx, at)
	if err != nil {
		return nil, nil, err
	}
	if err := relocate(spec, subnet, at.identity(), dir); err != nil {
		return nil, nil, err
	}
	if existing != nil && reach(existing) != reach(spec) {
		return nil, nil, otherHosts(at, existing, spec)
	}
	text, err := cluster.Document(spec, "A cluster of machines that hardway-lab runs on this machine, as containers.", "")
	if err != nil {
		return nil, nil, err
	}
	// Read back, it has proven to be valid.
	spec, err = cluster.Parse(text, at.spec())
	if existing != nil {
		spec = existing
	}
	return spec, text, err
}

// sourceSpec is the spec of --file and the directory it stands in, or the lab's own.
func sourceSpec(ctx *cli.Context, at place) (*cluster.Spec, string, error) {
	if file := ctx.String("file"); file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, "", fmt.Errorf("failed to read the spec: %w", err)
		}
		dir, err := filepath.Abs(filepath.Dir(file))
		if err != nil {
			return nil, "", err
		}
		spec, err := cluster.Parse(data, file)
		return spec, dir, err
	}
	count := defaultMachines
	if ctx.IsSet("hosts") {
		count = ctx.Int("hosts")
	}
	all, endpoint, err := machines(count, netip.MustParseAddr(defaultBase))
	if err != nil {
		return nil, "", err
	}
	_, spec, err := renderSpec(at, 22, all, endpoint)
	return spec, "", err
}

// hostsOf is the machines of a spec.
func hostsOf(s *cluster.Spec, subnet netip.Prefix) ([]machine.Host, error) {
	var hosts []machine.Host
	for _, n := range s.Hosts {
		address, err := netip.ParseAddr(n.PrimaryAddress())
		if err != nil || !subnet.Contains(address) {
			return nil, hinted{fmt.Errorf("%s: its address %s is not in the lab's network %s", n.Name, n.PrimaryAddress(), subnet),
				"hardway-lab up -f takes a spec of any addresses and writes one for the lab into its directory"}
		}
		runsPods := slices.ContainsFunc(s.Kubelets(), func(k cluster.Node) bool { return k.Name == n.Name })
		hosts = append(hosts, machine.Host{Name: n.Name, Address: address.String(), Names: n.Aliases, RunsPods: runsPods})
	}
	return hosts, nil
}
