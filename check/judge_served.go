package check

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"hardway/controlplane"
	"hardway/pki"
	"hardway/remote"
)

// serves asks every server of that name along all ways to it.
func serves(name string) func(context.Context, *Verification) []Row {
	return func(ctx context.Context, v *Verification) []Row {
		servers := v.servers(name)
		rows := make([][]Row, len(servers))
		_ = remote.ForEach(ctx, indices(servers), max(len(servers), 1), func(ctx context.Context, i int) error {
			rows[i] = at(servers[i].node.Name, v.judge(ctx, servers[i], v.see(ctx, servers[i])))
			return nil
		})
		return slices.Concat(rows...)
	}
}

// judge is one row for a server that all get to and that shows what it should, else one for each thing that is wrong, with
// all who see it.
func (v *Verification) judge(ctx context.Context, s served, seen []sighting) []Row {
	var rows []Row
	var silent, reached, asked []sighting
	for _, one := range seen {
		switch {
		case one.lost != nil:
			continue
		case one.dial != nil:
			silent = append(silent, one)
		default:
			reached = append(reached, one)
		}
		asked = append(asked, one)
	}
	if len(asked) == 0 {
		return unknown("see the findings before", "nobody who dials it could be asked to")
	}
	rows = append(rows, v.unreached(s, silent, reached)...)
	var found []Row
	by := map[Row][]string{}
	for _, one := range reached {
		for _, f := range v.judgeOne(ctx, s, one) {
			if by[f] == nil {
				found = append(found, f)
			}
			by[f] = append(by[f], one.who())
		}
	}
	for _, f := range found {
		from := by[f]
		if len(from) < len(asked) || s.node.Name == "" {
			f.Seen += ", as seen from " + strings.Join(from, ", ")
		}
		rows = append(rows, f)
	}
	if len(rows) > 0 {
		return rows
	}
	leaf := reached[0].chain[0]
	return ok("serial %x, valid until %s; seen from %s", leaf.SerialNumber, minute(leaf.NotAfter), strings.Join(whoAll(reached), ", "))
}

// who is who dialled, in words.
func (r route) who() string {
	if r.from == "" {
		return "the operator's machine"
	}
	return r.from
}

func whoAll(seen []sighting) []string {
	var out []string
	for _, one := range seen {
		out = append(out, one.who())
	}
	return out
}

// unreached is who gets no connection: where nobody does the server is down, else something is in between.
func (v *Verification) unreached(s served, silent, reached []sighting) []Row {
	if len(silent) == 0 {
		return nil
	}
	if len(reached) == 0 {
		return of(kindSilent, failed(s.journal(), "does not answer at %s: %s", silent[0].address, why(silent[0].dial)))
	}
	var rows []Row
	for _, one := range silent {
		rows = append(rows, of(kindReach, failed(
			fmt.Sprintf("open it in the firewalls between them and on %s: `hardway preflight --ports` prints the rules", s.node.Name),
			"%s cannot reach it at %s: %s; %s can", one.who(), one.address, why(one.dial), strings.Join(whoAll(reached), ", ")))...)
	}
	return rows
}

// judgeOne is what is wrong with what one client saw.
func (v *Verification) judgeOne(ctx context.Context, s served, one sighting) []Row {
	switch {
	case one.hello != nil:
		return of(kindServed, failed(s.journal(), "takes connections at %s, and shows no certificate: %v", one.address, one.hello))
	default:
		config, err := v.config(s, one.route)
		if err != nil {
			return unknown("", "%v", err)
		}
		if why := trouble(one.chain, config, one.name); why != "" {
			return of(kindServed, failed(v.remedy(ctx, s, one), "shows a certificate %s (serial %x)", why, one.chain[0].SerialNumber))
		}
	}
	if rows := v.judgeIssued(ctx, s, one); len(rows) > 0 {
		return rows
	}
	return s.judgeAnswer(one)
}

// judgeIssued compares with what stands in the work directory: a certificate that is good and another may be one of before a
// renewal.
func (v *Verification) judgeIssued(ctx context.Context, s served, one sighting) []Row {
	leaf := one.chain[0]
	for _, id := range s.leaves {
		if _, known := v.leaves[id]; !known {
			return nil // kubelets may get theirs from the cluster itself
		}
		if issued, err := v.Store.Certificate(id); err == nil && issued.Equal(leaf) {
			return nil
		}
	}
	if len(s.leaves) > 1 {
		return of(kindServed, failed("hardway apply controlplane", "shows the certificate with serial %x, which is none of those in the work directory", leaf.SerialNumber))
	}
	file := v.leaves[s.leaves[0]].CertFile()
	issued, err := v.Store.Certificate(s.leaves[0])
	if err != nil {
		return of(kindServed, failed("hardway pki "+v.leaves[s.leaves[0]].Group, "shows the certificate with serial %x, and there is none in %s: %v", leaf.SerialNumber, file, err))
	}
	message := fmt.Sprintf("shows the certificate with serial %x, and that in %s has serial %x", leaf.SerialNumber, file, issued.SerialNumber)
	if v.holds(ctx, s, issued.Raw) {
		message += ": it was renewed and not reloaded"
	} else {
		message += ": that was not delivered"
	}
	return of(kindServed, failed(v.remedy(ctx, s, one), "%s", message))
}

// remedy is what brings a server to show the right certificate.
func (v *Verification) remedy(ctx context.Context, s served, one sighting) string {
	if len(s.leaves) > 1 {
		return "hardway up"
	}
	r, known := v.leaves[s.leaves[0]]
	if !known {
		return "hardway pki approve: it approves what the kubelet asks for, or says why not"
	}
	if len(r.Holders) == 0 {
		return fmt.Sprintf("hardway pki %s && hardway apply manifests", r.Group)
	}
	component := r.Holders[0].Component
	issued, err := v.Store.Certificate(s.leaves[0])
	config, _ := v.config(s, one.route)
	switch {
	case err != nil || config == nil || issued.Equal(one.chain[0]) || trouble([]*x509.Certificate{issued}, config, one.name) != "":
		return fmt.Sprintf("hardway pki %s && hardway render %s && hardway apply %s", r.Group, component, component)
	case v.holds(ctx, s, issued.Raw):
		return fmt.Sprintf("ssh %s systemctl restart %s: %s holds the right one", s.node.Name, s.unit, pki.Cert(r.Holders[0].Dir, r.Holders[0].Base))
	}
	return fmt.Sprintf("hardway apply %s: it delivers %s", component, r.CertFile())
}

// holds reports whether the certificate stands on the server's host, where that can be looked at.
func (v *Verification) holds(ctx context.Context, s served, raw []byte) bool {
	host := v.hosts[s.node.Name]
	r := v.leaves[s.leaves[0]]
	if host.Conn == nil || len(r.Holders) == 0 {
		return false
	}
	data, err := host.Conn.ReadFile(ctx, pki.Cert(r.Holders[0].Dir, r.Holders[0].Base))
	block, _ := pem.Decode(data)
	return err == nil && block != nil && bytes.Equal(block.Bytes, raw)
}

// judgeAnswer is what is wrong with what a server said to a client that takes its certificate.
func (s served) judgeAnswer(one sighting) []Row {
	path, _, _ := strings.Cut(s.path, "?")
	switch {
	case one.unsaid != nil && one.as != "":
		return of(kindAnswer, failed(s.journal(), "takes the connection of %s, with its certificate %s, and hangs up: %v", one.who(), one.as, one.unsaid))
	case one.unsaid != nil:
		return of(kindAnswer, failed(s.journal(), "takes connections and does not answer %s: %v", path, one.unsaid))
	case s.path == "", one.status == http.StatusOK, one.as == "" && one.status == http.StatusUnauthorized:
		return nil
	case one.status == http.StatusUnauthorized || one.status == http.StatusForbidden:
		return of(kindAnswer, failed("hardway apply manifests; "+s.journal(), "does not let in who shows the certificate %s: %s says %d", one.as, path, one.status))
	}
	failing := controlplane.Failing(one.body)
	kind, words := kindAnswer, ""
	if len(failing) > 0 {
		words = ", failing: " + strings.Join(failing, ", ")
	}
	if len(failing) > 0 && !slices.ContainsFunc(failing, func(name string) bool { return !strings.HasPrefix(name, "etcd") }) {
		kind = kindOfEtcd
	}
	return of(kind, failed(s.journal(), "%s says %d%s", path, one.status, words))
}

// journal is where to look for why a server is not well.
func (s served) journal() string {
	if s.node.Name == "" {
		return "look at the load balancer, and at what its name resolves to"
	}
	return fmt.Sprintf("ssh %s journalctl -u %s -n 50", s.node.Name, s.unit)
}
