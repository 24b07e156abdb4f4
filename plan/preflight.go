package plan

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"hardway/binaries"
	"hardway/check"
	"hardway/cluster"
)

// Preflight looks at every host before anything is done to one.
func Preflight(e *Env) Step {
	return Step{
		Path:    []string{"preflight"},
		Summary: "look at every host: is it fit for its roles, and do hosts reach each other",
		Why: "What would go wrong halfway costs least while nothing was begun: a clone with its origin's machine-id, a port that is " +
			"taken, a firewall between two members. Nothing is changed. Two checks leave a trace while they run: a hundred small " +
			"synchronous writes to a file without a name where etcd's data will stand, and, where nothing listens yet, a listener that " +
			"takes connections until the others have tried.",
		Check: true, ByHand: preflightByHand,
		Plan: func(ctx context.Context) (Action, error) {
			survey, err := e.survey(ctx)
			if err != nil {
				return Action{}, err
			}
			return Action{Report: checkReport(survey.Judge(e.Waive...), len(survey.Hosts))}, nil
		},
	}
}

// survey looks at the hosts that the run is limited to.
func (e *Env) survey(ctx context.Context) (*check.Survey, error) {
	nodes, err := e.nodes()
	if err != nil {
		return nil, err
	}
	architectures, err := e.architectures()
	if err != nil {
		return nil, err
	}
	targets := e.targets(ctx, nodes)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	survey := check.Collect(ctx, e.Spec, targets, e.Now)
	survey.Binaries = architectures
	return survey, ctx.Err()
}

// architectures is what each executable in binaries.dir is made for, by its name. What is no executable is left out.
func (e *Env) architectures() (map[string]string, error) {
	dir := e.Work.Path(e.Spec.Binaries.Dir)
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("failed to look for executables: %w", err)
	}
	out := map[string]string{}
	for _, entry := range entries {
		if arch := binaries.Arch(dir + "/" + entry.Name()); arch != "" {
			out[entry.Name()] = arch
		}
	}
	return out, nil
}

// checkReport shows what is well first, then what is worth a look; failures stand last, as problems.
func checkReport(rows []check.Row, hosts int) Report {
	r := Report{Table: Table{Header: []string{"HOST", "CHECK", "STATE", "SEEN"}}}
	counts := map[check.State]int{}
	for _, row := range rows {
		r.Items = append(r.Items, row)
		if counts[row.State]++; row.State == check.Failed {
			r.Problems = append(r.Problems, row.Problem())
		}
	}
	for _, state := range []check.State{check.OK, check.Waived, check.Unknown, check.Warning} {
		for _, row := range rows {
			if row.State == state {
				r.Table.Rows = append(r.Table.Rows, []string{row.Host, row.Check, string(state), row.Seen})
			}
		}
	}
	r.Notes = append(remedies(rows), summary(counts, hosts))
	return r
}

// remedies is what to try where nothing failed, once for all hosts that it is said of.
func remedies(rows []check.Row) []string {
	var order []check.Row
	hosts := map[check.Row][]string{}
	for _, row := range rows {
		if row.State != check.Warning && row.State != check.Unknown {
			continue
		}
		key := check.Row{Check: row.Check, State: row.State, Try: row.Try}
		if hosts[key] == nil {
			order = append(order, key)
		}
		if !slices.Contains(hosts[key], row.Host) {
			hosts[key] = append(hosts[key], row.Host)
		}
	}
	var out []string
	for _, key := range order {
		on := strings.Join(slices.DeleteFunc(hosts[key], func(h string) bool { return h == "" }), ", ")
		if on != "" {
			on = " on " + on
		}
		out = append(out, fmt.Sprintf("%s of %s%s: %s", key.State, key.Check, on, key.Try))
	}
	return out
}

func summary(counts map[check.State]int, hosts int) string {
	var parts []string
	for _, state := range []check.State{check.OK, check.Waived, check.Unknown, check.Warning, check.Failed} {
		if n := counts[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	return fmt.Sprintf("%s looked at: %s", count(hosts, "host"), strings.Join(parts, ", "))
}

// preflightByHand is the facts that decide most often, as a person asks for them.
func preflightByHand(spec *cluster.Spec) []Command {
	return perNode(spec.Hosts, func(n cluster.Node) []Command {
		h := handOn(spec, n)
		commands := []Command{
			h.on("the name has to be "+n.Name+"; no other host may have this machine-id or these hardware addresses", "hostname; cat /etc/machine-id; ip -brief link"),
			h.on("the clock: compare it with that of the other hosts", "date --utc +%s.%N; timedatectl show -p NTPSynchronized"),
			h.on("system, CPUs, memory, swap, disk", "uname -m; systemctl --version | head -n 1; nproc; free -m; swapon --show; df -h /var/lib"),
			h.on("traces of another cluster", "ls -d /etc/kubernetes/manifests /etc/kubernetes/admin.conf /var/lib/etcd/member /var/lib/rancher /var/lib/k0s 2>/dev/null || true"),
		}
		if ports := portsOf(spec, n); len(ports) > 0 {
			commands = append(commands, h.on("nothing but its own units may listen on "+strings.Join(ports, ", "), "ss -Hltnp '( sport = :"+strings.Join(ports, " or sport = :")+" )'"))
		}
		return append(commands, dialsByHand(spec, h)...)
	})
}

// portsOf is the TCP ports that a node's own servers take.
func portsOf(spec *cluster.Spec, n cluster.Node) []string {
	var out []string
	for _, o := range check.Openings(spec) {
		if o.Node.Name == n.Name && o.Protocol == "tcp" && o.Unit != "" && !slices.Contains(out, fmt.Sprint(o.Port)) {
			out = append(out, fmt.Sprint(o.Port))
		}
	}
	return out
}

// dialsByHand tries each server that the node will dial; bash knows how to.
func dialsByHand(spec *cluster.Spec, h hand) []Command {
	var targets []string
	for _, o := range check.Openings(spec) {
		if o.DialledBy(h.node.Name) {
			targets = append(targets, fmt.Sprintf("%s/%d", o.Node.PrimaryAddress(), o.Port))
		}
	}
	if len(targets) == 0 {
		return nil
	}
	return []Command{h.on("who gets there; where nothing listens yet, hold `systemd-socket-activate -l PORT sleep 60` open on the other host", lines(
		"for to in "+strings.Join(targets, " ")+"; do",
		`  timeout 3 bash -c ": >/dev/tcp/$to" 2>/dev/null || echo "no way to $to"`,
		"done"))}
}
