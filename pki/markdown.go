package pki

import (
	"fmt"
	"strings"

	"hardway/cluster"
)

// MarkdownTable is the table of certificates for people to read, out of the same rows that the catalogue expands: one
// line per kind of leaf, with what is a node's own as <node>, <alias> and <address>.
func MarkdownTable(spec *cluster.Spec) string {
	any := cluster.Node{Name: "<node>", Aliases: []string{"<alias>"}, Address: cluster.OneOrMore{"<address>"}}
	var b strings.Builder
	b.WriteString("| certificate | signed by | subject | usage | names | stands at |\n|---|---|---|---|---|---|\n")
	for _, l := range leaves() {
		r := l.expand(spec, any)
		name := "CN=" + r.CN
		if r.O != "" {
			name += ", O=" + r.O
		}
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s | %s | %s |\n", r.Name, r.Authority, name, r.Usage.OpenSSL(), code(r.SANs()), code(r.places()))
	}
	return b.String()
}

// places is the certificate's path on each host that holds it, and where it stands inside the cluster.
func (r Request) places() []string {
	var out []string
	for _, h := range r.Holders {
		out = append(out, Cert(h.Dir, h.Base))
	}
	if r.Secret != (Secret{}) {
		out = append(out, r.Secret.String())
	}
	return out
}

func code(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return "`" + strings.Join(words, "`, `") + "`"
}
