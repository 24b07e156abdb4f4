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
// Everything that can be refused is, before anything is made.
func (p *program) upContainers(ctx *cli.Context, at place) error {
	source, dir, err := sourceSpec(ctx, at)
	if err == nil {
		err = adapt(source, ctx.String("images"))
	}
	if err != nil {
		return err
	}
	subnet, err := askedSubnet(ctx)
	if err != nil {
		return err
	}
	if err := at.mayClaim(); err != nil {
		return err
	}
	existing, err := at.readSpec()
	if err == nil && existing != nil && !subnet.IsValid() {
		subnet, err = subnetOf(existing)
	}
	if err != nil {
		return err
	}
	if err := at.writeConfig(config{Driver: driverContainer, Name: at.labName()}); err != nil {
		return err
	}
	of := at.machineLab(config{Name: at.labName()})
	if subnet, err = of.Network(ctx.Context, subnet); err != nil {
		return withDockerHint(err)
	}
	spec, text := existing, []byte(nil)
	if existing == nil || ctx.IsSet("file") || ctx.IsSet("hosts") {
		if spec, text, err = machineSpec(at, source, dir, existing, subnet); err != nil {
			return err
		}
	}
	return p.bootMachines(ctx, at, of, spec, text, subnet)
}

// bootMachines makes what is missing, and writes what hardway needs to work on it.
func (p *program) bootMachines(ctx *cli.Context, at place, of machine.Lab, spec *cluster.Spec, text []byte, subnet netip.Prefix) error {
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

// mayClaim refuses a directory that holds a lab of the other kind.
func (p place) mayClaim() error {
	c, err := p.readConfig()
	if err == nil && c.Driver != driverContainer {
		return hinted{fmt.Errorf("%s holds a lab of hosts on loopback addresses", p.dir), "hardway-lab down --purge removes it, --dir names another place"}
	}
	if errors.Is(err, errNoLab) {
		return nil
	}
	return err
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

// askedSubnet is what --subnet says; the zero Prefix where it is not given.
func askedSubnet(ctx *cli.Context) (netip.Prefix, error) {
	text := ctx.String("subnet")
	if text == "" {
		return netip.Prefix{}, nil
	}
	subnet, err := netip.ParsePrefix(text)
	if err != nil || !subnet.Addr().Is4() || subnet.Bits() != 24 || subnet != subnet.Masked() {
		return netip.Prefix{}, usagef("--subnet: want a network like 172.31.240.0/24, got %q", text)
	}
	return subnet, nil
}

// subnetOf is the network of the hosts of the spec that stands there. Any but a lab's own has to be asked for by name: it
// could be that of real hosts, which this machine would not reach any more.
func subnetOf(existing *cluster.Spec) (netip.Prefix, error) {
	if len(existing.Hosts) == 0 {
		return netip.Prefix{}, nil
	}
	host := existing.Hosts[0]
	first, err := netip.ParseAddr(host.PrimaryAddress())
	if err != nil || !first.Is4() {
		return netip.Prefix{}, fmt.Errorf("%s: want an IPv4 address for the host of a lab, got %s", host.Name, host.PrimaryAddress())
	}
	subnet := netip.PrefixFrom(first, 24).Masked()
	if !machine.OfLabs(subnet) {
		return netip.Prefix{}, hinted{fmt.Errorf("the cluster.yaml that stands there is for hosts outside of any lab: %s is at %s", host.Name, first),
			"hardway-lab up -f takes it from another directory, and gives its hosts addresses of the lab's; or say --subnet " + subnet.String()}
	}
	return subnet, nil
}

// machineSpec is a spec with its hosts in the lab, as a value and as a cluster.yaml: what stands there is a person's, stays,
// and has to be for the same hosts.
func machineSpec(at place, source *cluster.Spec, dir string, existing *cluster.Spec, subnet netip.Prefix) (*cluster.Spec, []byte, error) {
	if err := relocate(source, subnet, at.identity(), dir); err != nil {
		return nil, nil, err
	}
	if existing != nil {
		if reach(existing) != reach(source) {
			return nil, nil, otherHosts(at, existing, source)
		}
		return existing, nil, nil
	}
	text, err := cluster.Document(source, "A cluster of machines that hardway-lab runs on this machine, as containers.", "")
	if err != nil {
		return nil, nil, err
	}
	// Read back, it has proven to be valid.
	spec, err := cluster.Parse(text, at.spec())
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
