package check_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hardway/check"
	"hardway/cluster"
	"hardway/test/sample"
)

// at is the operator's clock when the facts were recorded.
var at = time.Unix(1795263430, 0)

// recorded is what the script printed on a Debian 12 machine, as the facts of a host of the spec that is fit for every role:
// with names, addresses and identities of its own.
func recorded(t *testing.T, spec *cluster.Spec, n cluster.Node, index int) string {
	t.Helper()
	data, err := os.ReadFile("testdata/debian12.facts")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	id := string(rune('a' + index))
	for pattern, by := range map[string]string{
		`(?m)^hostname .*$`:              "hostname " + n.Name,
		`(?m)^machine-id .*$`:            "machine-id 5f1d19c7c4c5404aaa1f6d2a48adf00" + id,
		`(?m)^device eth0 .*$`:           "device eth0 1500 02:fc:00:00:00:0" + id,
		`(?m)^sysctl (.*) 0$`:            "sysctl $1 1",
		`(?m)^cgroup 1$`:                 "cgroup 2\nbooted\nmodule br_netfilter\nsocket /run/containerd/containerd.sock\nversion containerd containerd github.com/containerd/containerd 1.6.20",
		`(?m)^nameserver .*$`:            "nameserver 192.168.96.1\nresolved 192.168.96.5",
		`(?m)^route (\S+) .*$`:           "route $1 $1 dev eth0 src " + n.PrimaryAddress() + ` uid 0 \    cache `,
		`(?m)^clock 1795263429\.(\d+)$`:  "clock 1795263430.000000000",
		`(?m)^disk .*$`:                  "disk /var/lib 264212084 74525120",
		`(?m)^clock 1795263430\.5\d+\n`:  "clock 1795263430.100000000\n",
		`(?m)^version haproxy HAProxy.*`: "version haproxy HAProxy version 2.6.12-1+deb12u4\nversion keepalived Keepalived v2.2.7 (01/16,2022)\nversion curl curl 7.88.1",
	} {
		found := regexp.MustCompile(pattern)
		if !found.MatchString(text) {
			t.Fatalf("the recorded facts have no %s", pattern)
		}
		text = found.ReplaceAllString(text, by)
	}
	if n.Has(cluster.RoleLoadBalancer) {
		shared := spec.LoadBalancer.VirtualIP
		text = strings.Replace(text, "\nroute ", "\nroute "+shared+" "+shared+" dev eth0 src "+n.PrimaryAddress()+"\nroute ", 1)
	}
	own := regexp.QuoteMeta(n.PrimaryAddress())
	return regexp.MustCompile(`(?m)^route `+own+` .*$`).ReplaceAllString(text,
		"route "+n.PrimaryAddress()+" local "+n.PrimaryAddress()+" dev lo src "+n.PrimaryAddress())
}

// surveyed is a survey of the sample in which every host is fit and gets everywhere, with the facts of each edited first.
func surveyed(t *testing.T, edit func(host, facts string) string) *check.Survey {
	t.Helper()
	spec := sample.Spec(t)
	s := &check.Survey{Spec: spec}
	for i, n := range spec.Hosts {
		text := recorded(t, spec, n, i)
		if edit != nil {
			text = edit(n.Name, text)
		}
		facts, err := check.ParseFacts([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		facts.Asked, facts.Answered = at, at.Add(110*time.Millisecond)
		h := check.Host{Node: n, Facts: facts, Forwards: map[string]error{"tcp": nil}, Nameservers: map[string]error{"192.168.96.1": nil}}
		if n.Has(cluster.RoleLoadBalancer) {
			h.Forwards["unix"] = nil
		}
		for _, o := range check.Openings(spec) {
			if o.DialledBy(n.Name) {
				h.Dials = append(h.Dials, check.Dial{To: o})
			}
		}
		s.Hosts = append(s.Hosts, h)
	}
	return s
}

// on edits the facts of one host: a line that matches the pattern becomes another; an empty pattern adds one.
func on(t *testing.T, host, pattern, by string) func(string, string) string {
	return func(at, facts string) string {
		if at != host && host != "" {
			return facts
		}
		if pattern == "" {
			return strings.Replace(facts, "\n", "\n"+by+"\n", 1)
		}
		p := regexp.MustCompile("(?m)^" + pattern + "$\n?")
		if !p.MatchString(facts) {
			t.Fatalf("the facts of %s have no %s", at, pattern)
		}
		if by != "" {
			by += "\n"
		}
		return p.ReplaceAllString(facts, by)
	}
}

func with(rows []check.Row, host, name string) []check.Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r check.Row) bool { return r.Host != host || r.Check != name })
}

// notOK is the rows that are not well.
func notOK(rows []check.Row) []check.Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r check.Row) bool { return r.State == check.OK })
}
