package pki

import (
	"fmt"
	"slices"
	"strings"

	"hardway/cluster"
)

// MarkdownTable is the table of certificates for people to read, out of the same catalogue that issues them: one row
// per kind of leaf, with what is a node's own as <node>, <alias> and <address>.
func MarkdownTable(spec *cluster.Spec) string {
	var b strings.Builder
	b.WriteString("| certificate | signed by | subject | usage | names | stands at |\n|---|---|---|---|---|---|\n")
	var done []string
	for _, r := range Catalogue(spec) {
		if slices.Contains(done, r.Name) {
			continue
		}
		done = append(done, r.Name)
		node, _ := spec.Node(r.Node)
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s | %s | %s |\n", r.Name, r.Authority, general(node, subject(r).String()),
			r.Usage.OpenSSL(), code(r.generalSANs(node)), code(r.places()))
	}
	return b.String()
}

// general puts <node> where a node's name stands in a subject.
func general(node cluster.Node, text string) string {
	if node.Name == "" {
		return text
	}
	return strings.ReplaceAll(text, node.Name, "<node>")
}

// generalSANs leaves the names of a certificate that every node of its kind shares as they are, and puts a placeholder
// for what is the node's own.
func (r Request) generalSANs(node cluster.Node) []string {
	if r.CN == "kube-apiserver" { // names all masters, whichever it stands on
		return r.SANs()
	}
	var out []string
	for _, san := range r.SANs() {
		switch {
		case san == node.Name:
			san = "<node>"
		case slices.Contains(node.Aliases, san):
			san = "<alias>"
		case slices.Contains(node.Address, san):
			san = "<address>"
		}
		if !slices.Contains(out, san) {
			out = append(out, san)
		}
	}
	return out
}

func (r Request) places() []string {
	var out []string
	for _, h := range r.Holders {
		out = append(out, Cert(h.Dir, h.Base))
	}
	return out
}

func code(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return "`" + strings.Join(words, "`, `") + "`"
}
