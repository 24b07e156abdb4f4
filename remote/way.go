package remote

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"hardway/cluster"
)

// hop is one SSH server on the way to a node: a jump host, or the node itself. What the spec says of it wins over the
// operator's ssh_config, which wins over the defaults.
type hop struct {
	// host is the node's name, empty for a jump host; name is what the operator calls it.
	host, name string
	user       string
	// address is where it listens, network how to get there; knownAs is what known_hosts has its key under, and knownHosts
	// which further files may have it.
	network, address, knownAs string
	knownHosts                []string
	identities                identities
	sudo                      bool
	timeout, command          time.Duration
	// alive is how often to ask whether it is there, and count how often it may stay silent.
	alive time.Duration
	count int
}

// way is the servers to go through, the first one first and the node last.
func (d *Dialer) way(node cluster.Node) ([]hop, error) {
	said := d.options.SSH(node)
	names := append(append([]string{node.Name}, node.Aliases...), node.PrimaryAddress())
	found, err := d.config.lookUp(said, names...)
	if err != nil {
		return nil, err
	}
	settings := said.Or(found.ssh()).Or(cluster.DefaultSSH())
	to := d.hop(cmp.Or(found.hostName, node.PrimaryAddress()), settings, found)
	to.host, to.name = node.Name, node.Name
	jumps, err := d.jumps(nil, settings.Jump, settings, said.Jump == nil)
	if err != nil {
		return nil, err
	}
	return append(jumps, to), nil
}

// ssh is what the configuration says in the words of the spec. Identity files are not among it: there may be several.
func (c configHost) ssh() cluster.SSH {
	return cluster.SSH{User: c.user, Port: c.port, Jump: c.jump, Timeout: cluster.Duration{Duration: c.timeout}}
}

func (d *Dialer) hop(host string, settings cluster.SSH, found configHost) hop {
	to := hop{
		user: settings.User, network: cmp.Or(found.family, "tcp"), address: net.JoinHostPort(host, strconv.Itoa(settings.Port)),
		knownHosts: found.knownHosts, identities: d.identities(settings, found), sudo: *settings.Sudo,
		timeout: settings.Timeout.Duration, command: settings.CommandTimeout.Duration,
		alive: cmp.Or(found.alive, d.options.Keepalive), count: 1,
	}
	if found.alive > 0 {
		to.count = cmp.Or(found.count, 3)
	}
	to.knownAs = to.address
	if found.hostKeyAlias != "" {
		to.knownAs = net.JoinHostPort(found.hostKeyAlias, "22")
	}
	return to
}

// identities: the spec's identity file is the only one then.
func (d *Dialer) identities(settings cluster.SSH, found configHost) identities {
	i := identities{files: found.identityFiles, certificates: found.certificates, only: found.identitiesOnly, agent: d.options.AgentSocket}
	switch {
	case settings.IdentityFile != "":
		i.files, i.only, i.wanted = []string{settings.IdentityFile}, true, true
	case i.files == nil:
		i.files = defaultIdentities
	}
	if found.identityAgent != "" {
		i.agent = strings.TrimPrefix(found.identityAgent, "none")
	}
	return i
}

// jumps looks each jump host up. The first one may have jumps of its own in ssh_config, which come before it; of the others
// ssh, too, leaves them out. Before is those that led here, so that none is gone through in a circle. A jump that the
// configuration names is logged in to as ssh would: as its own user, or the operator's own name.
func (d *Dialer) jumps(before []string, list []string, settings cluster.SSH, configured bool) ([]hop, error) {
	var way []hop
	for i, text := range list {
		if slices.Contains(before, text) {
			return nil, &HostError{
				Message: "the jump hosts go in a circle: " + strings.Join(append(before, text), ", "),
				Hint:    "let no ProxyJump line apply to the jump host itself: write it below `Host * !" + text + "`",
			}
		}
		own, host := parseHop(text)
		found, err := d.config.lookUp(own, host)
		if err != nil {
			return nil, throughJump(text, err)
		}
		if i == 0 && len(found.jump) > 0 {
			if way, err = d.jumps(append(before, text), found.jump, settings, true); err != nil {
				return nil, err
			}
		}
		way = append(way, d.jump(text, host, own, settings, found, configured))
	}
	return way, nil
}

func (d *Dialer) jump(text, host string, own, settings cluster.SSH, found configHost, configured bool) hop {
	last := cluster.SSH{User: settings.User, Timeout: settings.Timeout}
	if configured {
		last.User = cmp.Or(d.options.User, settings.User)
	}
	if found.identityFiles == nil {
		last.IdentityFile = settings.IdentityFile
	}
	own = own.Or(found.ssh()).Or(last).Or(cluster.DefaultSSH())
	to := d.hop(cmp.Or(found.hostName, host), own, found)
	to.name = text
	return to
}

// parseHop reads [user@]host[:port]. IPv6 stands in brackets, or bare without a port.
func parseHop(text string) (said cluster.SSH, host string) {
	address := text
	if i := strings.LastIndexByte(text, '@'); i >= 0 {
		said.User, address = text[:i], text[i+1:]
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return said, strings.Trim(address, "[]")
	}
	if said.Port, err = strconv.Atoi(port); err != nil {
		return said, fmt.Sprint(address)
	}
	return said, host
}
