package check

import (
	"fmt"
	"strings"

	"hardway/cluster"
)

// Rule is what a host's firewall has to let in.
type Rule struct {
	Host string `json:"host"`
	// Server is who is dialled; Who dials it, and Why.
	Server string `json:"server"`
	Who    string `json:"who"`
	Why    string `json:"why"`
	// Protocol is tcp, vrrp, or any; Port is 0 for what has none.
	Protocol string `json:"protocol"`
	Port     int    `json:"port"`
	// Sources is addresses and networks; none means from anywhere.
	Sources []string `json:"sources"`
}

// Rules is every rule of every host, from the same table that says what has to be reachable from where.
func Rules(spec *cluster.Spec) []Rule {
	var out []Rule
	for _, n := range spec.Hosts {
		for _, o := range Openings(spec) {
			if o.Node.Name == n.Name {
				out = append(out, o.rules()...)
			}
		}
		if kubelets(spec, n) {
			out = append(out, Rule{
				Host: n.Name, Server: "pods", Who: "pods", Why: "packets between pods go from node to node as they are",
				Protocol: "any", Sources: spec.Network.PodCIDR,
			})
		}
	}
	return out
}

func (o Opening) rules() []Rule {
	var out []Rule
	for _, a := range o.From {
		r := Rule{Host: o.Node.Name, Server: o.Server, Who: a.Who, Why: a.Why, Protocol: o.Protocol, Port: o.Port, Sources: []string{}}
		for _, n := range a.Nodes {
			r.Sources = append(r.Sources, n.Address...)
		}
		out = append(out, r)
	}
	return out
}

// firewalls is how each writes a rule, one line for each source or family of addresses.
var firewalls = map[string]func(Rule) []string{"nftables": nftables, "firewalld": firewalld, "ufw": ufw}

// Firewalls is the names of those that rules can be written for.
func Firewalls() []string { return []string{"nftables", "firewalld", "ufw"} }

// Commands is the rule as commands for one of Firewalls.
func (r Rule) Commands(firewall string) []string { return firewalls[firewall](r) }

func (r Rule) comment() string { return r.Server + ": " + r.Who + ", " + r.Why }

// byFamily is the sources of IPv4 and of IPv6, with the words of each family's name; one entry without any where they may
// come from anywhere.
func (r Rule) byFamily(v4, v6 string) (families []string, sources [][]string) {
	of := map[string][]string{}
	for _, s := range r.Sources {
		family := v4
		if strings.Contains(s, ":") {
			family = v6
		}
		of[family] = append(of[family], s)
	}
	for _, family := range []string{v4, v6} {
		if len(of[family]) > 0 {
			families, sources = append(families, family), append(sources, of[family])
		}
	}
	if len(r.Sources) == 0 {
		return []string{""}, [][]string{nil}
	}
	return families, sources
}

// nftables puts a rule before all others of the chain that /etc/nftables.conf begins with on Debian and others.
func nftables(r Rule) []string {
	var out []string
	families, sources := r.byFamily("ip", "ip6")
	for i, family := range families {
		match := ""
		if family != "" {
			match = family + " saddr { " + strings.Join(sources[i], ", ") + " } "
		}
		switch r.Protocol {
		case tcp:
			match += fmt.Sprintf("tcp dport %d ", r.Port)
		case "vrrp":
			match += "meta l4proto vrrp "
		}
		end := "accept comment " + quoted(`"`+r.comment()+`"`)
		out = append(out, "nft insert rule inet filter input "+braced(match)+end)
		if r.Protocol == "any" {
			out = append(out, "nft insert rule inet filter forward "+braced(match)+end, "nft insert rule inet filter forward "+braced(strings.Replace(match, "saddr", "daddr", 1))+end)
		}
	}
	return out
}

// braced keeps a shell from reading a set's braces.
func braced(match string) string {
	return strings.NewReplacer("{ ", "'{ ", " }", " }'").Replace(match)
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "") + "'" }

func firewalld(r Rule) []string {
	if r.Protocol == "any" {
		var out []string
		for _, s := range r.Sources {
			out = append(out, "firewall-cmd --permanent --zone=trusted --add-source="+s)
		}
		return out
	}
	if len(r.Sources) == 0 {
		return []string{fmt.Sprintf("firewall-cmd --permanent --add-port=%d/tcp", r.Port)}
	}
	what := fmt.Sprintf(`port port="%d" protocol="tcp"`, r.Port)
	if r.Protocol == "vrrp" {
		what = `protocol value="vrrp"`
	}
	var out []string
	families, sources := r.byFamily("ipv4", "ipv6")
	for i, family := range families {
		for _, s := range sources[i] {
			out = append(out, fmt.Sprintf(`firewall-cmd --permanent --add-rich-rule='rule family="%s" source address="%s" %s accept'`, family, s, what))
		}
	}
	return out
}

func ufw(r Rule) []string {
	comment := " comment " + quoted(r.comment())
	if len(r.Sources) == 0 {
		return []string{fmt.Sprintf("ufw allow %d/tcp", r.Port) + comment}
	}
	var out []string
	for _, s := range r.Sources {
		switch r.Protocol {
		case "any":
			out = append(out, "ufw allow from "+s+comment, "ufw route allow from "+s+comment, "ufw route allow to "+s+comment)
		case "vrrp":
			out = append(out, "# ufw has no rule for VRRP; in /etc/ufw/before.rules, before COMMIT: -A ufw-before-input -p vrrp -s "+s+" -j ACCEPT")
		default:
			out = append(out, fmt.Sprintf("ufw allow proto tcp from %s to any port %d", s, r.Port)+comment)
		}
	}
	return out
}
