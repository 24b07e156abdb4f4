package plan

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"hardway/cluster"
	"hardway/pki"
)

// pkiByHand is the commands of one group of pki.
func pkiByHand(group string) func(*cluster.Spec) []Command {
	return func(spec *cluster.Spec) []Command {
		g := groupNamed(group)
		all := group == pki.GroupAll
		commands := []Command{private()}
		for _, a := range pki.Authorities() {
			if all || g.Authority == a.Name {
				commands = append(commands, authorityByHand(spec, a)...)
			}
		}
		if all || g.ServiceAccount {
			commands = append(commands, serviceAccountByHand(spec)...)
		}
		rows := slices.DeleteFunc(pki.Catalogue(spec), func(r pki.Request) bool { return !all && r.Group != group })
		for _, r := range rows {
			commands = append(commands, leafByHand(spec, r))
		}
		return append(commands, proofs(rows)...)
	}
}

func groupNamed(name string) pki.Group {
	groups := pki.Groups()
	return groups[slices.IndexFunc(groups, func(g pki.Group) bool { return g.Name == name })]
}

func authorityByHand(spec *cluster.Spec, a pki.AuthorityRow) []Command {
	cert := certificate{
		cert: a.CertFile(), key: a.KeyFile(), algorithm: spec.PKI.Key, subject: name{{"CN", a.CN}}, days: days(spec.PKI.Validity.CA),
		extensions: []string{
			// Path length 0: it signs leaves, never another authority.
			"basicConstraints = critical,CA:TRUE,pathlen:0",
			"keyUsage = critical,digitalSignature,keyCertSign,cRLSign",
			"subjectKeyIdentifier = hash",
		},
	}
	return []Command{
		{Says: fmt.Sprintf("%s: %s", a.Name, authorityReasons[a.Name]), Line: cert.line()},
		{
			Says: a.Name + ": what trusts it is given this bundle and not the certificate, so that in a rotation two can stand in it",
			Line: unless("cp "+quoteAll([]string{a.CertFile(), a.BundleFile()}), a.BundleFile()),
		},
	}
}

func serviceAccountByHand(spec *cluster.Spec) []Command {
	private, public := pki.File(pki.ServiceAccountKey), pki.File(pki.ServiceAccountPublic)
	return []Command{
		{
			Says: "service-account: signs the tokens of pods; a pair of its own, because tokens must not fall with a CA",
			Line: lines("mkdir -p "+quote(path.Dir(private)), unless(newKey(spec.PKI.Key, private), private, public)),
		},
		{
			Says: "service-account: the half that every API server checks tokens with",
			Line: unless("openssl pkey -in "+quote(private)+" -pubout -out "+quote(public), public),
		},
	}
}

func leafByHand(spec *cluster.Spec, r pki.Request) Command {
	row := authorityNamed(r.Authority)
	var subject name
	if r.O != "" {
		subject = append(subject, part{"O", r.O})
	}
	cert := certificate{
		cert: r.CertFile(), key: r.KeyFile(), algorithm: spec.PKI.Key, subject: append(subject, part{"CN", r.CN}),
		days: leafDays(spec.PKI.Validity), authority: &row,
		extensions: append([]string{
			"basicConstraints = critical,CA:FALSE", "keyUsage = critical," + keyUsage(spec.PKI.Key),
			"extendedKeyUsage = " + extendedKeyUsage(r.Usage), "subjectKeyIdentifier = hash", "authorityKeyIdentifier = keyid",
		}, alternativeNames(r)...),
	}
	return Command{Says: fmt.Sprintf("%s: %s", r.ID(), leafReasons[r.Name]), Line: cert.line()}
}

func authorityNamed(name string) pki.AuthorityRow {
	rows := pki.Authorities()
	return rows[slices.IndexFunc(rows, func(a pki.AuthorityRow) bool { return a.Name == name })]
}

// keyUsage: RSA key exchange encrypts to the key; ECDSA keys only ever sign.
func keyUsage(key cluster.Key) string {
	if key.Algorithm == "rsa" {
		return "digitalSignature,keyEncipherment"
	}
	return "digitalSignature"
}

func extendedKeyUsage(u pki.Usage) string {
	return map[pki.Usage]string{
		pki.UsageClient: "clientAuth", pki.UsageServer: "serverAuth", pki.UsagePeer: "serverAuth,clientAuth",
	}[u]
}

func alternativeNames(r pki.Request) []string {
	var names []string
	for _, n := range r.DNSNames {
		names = append(names, "DNS:"+n)
	}
	for _, ip := range r.IPs {
		names = append(names, "IP:"+ip.String())
	}
	if len(names) == 0 {
		return nil
	}
	return []string{"subjectAltName = " + strings.Join(names, ",")}
}

// proofs is a command per authority that verifies all that it signed.
func proofs(rows []pki.Request) []Command {
	var commands []Command
	for _, a := range pki.Authorities() {
		var files []string
		for _, r := range rows {
			if r.Authority == a.Name {
				files = append(files, r.CertFile())
			}
		}
		if len(files) > 0 {
			commands = append(commands, Command{
				Says: a.Name + ": the proof is that each certificate verifies against the bundle its peers will have",
				Line: "openssl verify -CAfile " + quote(a.BundleFile()) + " \\\n  " + strings.Join(files, " \\\n  "),
			})
		}
	}
	return commands
}

// days is a validity as openssl counts it, in whole days and at least one.
func days(d cluster.Duration) int { return max(1, int(d.Duration/(24*time.Hour))) }

// leafDays ends before the authority does, which was made a moment earlier: no leaf outlives what signed it.
func leafDays(v cluster.Validity) int { return max(1, min(days(v.Leaf), days(v.CA)-1)) }
