package check

import (
	"fmt"
	"slices"
	"strings"

	"hardway/cluster"
)

// ChecksTable is every check for people to read, in the order in which rows are shown.
func ChecksTable() string {
	var b strings.Builder
	b.WriteString("| check | what has to hold |\n|---|---|\n")
	for _, c := range Checks() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", c.Name, c.Asks)
	}
	return b.String()
}

// PortsTable is every server with who dials it, for people to read, one line for each that any host of the spec has.
func PortsTable(spec *cluster.Spec) string {
	var b strings.Builder
	b.WriteString("| port | server | listens | dialled by |\n|---|---|---|---|\n")
	var seen []string
	for _, o := range Openings(spec) {
		if slices.Contains(seen, o.Server) {
			continue
		}
		seen = append(seen, o.Server)
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", o.portText(), o.Server, o.where(), o.whoAndWhy())
	}
	return b.String()
}

func (o Opening) portText() string {
	if o.Port == 0 {
		return strings.ToUpper(o.Protocol)
	}
	return fmt.Sprint(o.Port)
}

func (o Opening) where() string {
	switch {
	case o.Address.IsUnspecified():
		return "on every address"
	case o.Address.IsLoopback():
		return "on " + o.Address.String()
	}
	return "on the node's first address"
}

func (o Opening) whoAndWhy() string {
	var words []string
	for _, a := range o.From {
		words = append(words, a.Who+": "+a.Why)
	}
	if len(words) == 0 {
		return "the host itself"
	}
	return strings.Join(words, "; ")
}
