package etcd

import (
	"slices"
	"strings"

	"hardway/cluster"
)

// peerPort is what problems with the port for peers are about.
const peerPort = "peer port"

// AboutServing reports whether a problem is about what a member shows to whoever dials it: its certificates, or that its
// peer port is silent.
func AboutServing(p cluster.Problem) bool {
	return p.Subject == peerPort || strings.HasSuffix(p.Subject, certificateSubject)
}

// certificateSubject ends what problems with a port's certificate are about.
const certificateSubject = " certificate"

// certificates: each port serves a pair of etcd's authority that is valid for its address. Where nothing listens there is
// nothing to say beyond what reachable says, unless only the peer port is silent.
func (j *judgement) certificates() {
	const hint = "hardway pki etcd && hardway render etcd && hardway apply etcd"
	for _, n := range j.nodes {
		m := j.seen[n.Name]
		if m.Peer.Error != "" && m.Error == "" {
			j.add(n.Name, peerPort, "look for a firewall between here and "+m.Peer.Address, "answers clients, but its peer port does not: %s; expected a TLS handshake", m.Peer.Error)
		}
		for _, port := range []struct {
			name   string
			served Served
		}{{"peer", m.Peer}, {"server", m.Client}} {
			if port.served.Untrusted != "" {
				j.add(n.Name, port.name+certificateSubject, hint, "%s serves the certificate %q of %q, which does not verify against pki/etcd-ca-bundle.crt: %s; expected one of the cluster's etcd authority",
					port.served.Address, port.served.Subject, port.served.Issuer, port.served.Untrusted)
			}
			if port.served.Uncovered != "" {
				j.add(n.Name, port.name+certificateSubject, hint, "%s serves a certificate for %s: %s; expected one that covers it",
					port.served.Address, strings.Join(port.served.SANs, ", "), port.served.Uncovered)
			}
		}
	}
}

// units: what is delivered on each host says the same as the spec.
func (j *judgement) units() {
	const hint = "hardway render etcd && hardway apply etcd"
	for _, n := range j.nodes {
		u, looked := j.unit[n.Name]
		switch {
		case !looked:
			continue
		case u.Error != "":
			j.add(n.Name, Unit, "log in there: ssh "+n.Name, "could not be looked at: %s", u.Error)
			continue
		case !u.Present:
			j.add(n.Name, Unit, hint, "is not on the host; expected it below /etc/systemd/system")
			continue
		}
		for _, flag := range []struct{ name, seen, want string }{
			{"--name", u.Name, n.Name},
			{"--initial-cluster-token", u.Token, j.spec.Name},
			{"--initial-cluster", sorted(u.InitialCluster), sorted(j.spec.InitialCluster())},
		} {
			if flag.seen != flag.want {
				j.add(n.Name, Unit, hint, "was delivered with %s=%s; the spec says %s", flag.name, flag.seen, flag.want)
			}
		}
	}
}

// sorted is a comma-separated list whose order says nothing.
func sorted(list string) string {
	parts := strings.Split(list, ",")
	slices.Sort(parts)
	return strings.Join(parts, ",")
}
