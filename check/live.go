package check

import (
	"context"
	"io"
	"maps"
	"net"
	"slices"
	"time"

	"hardway/cluster"
	"hardway/etcd"
	"hardway/pki"
	"hardway/remote"
)

// Live is a cluster that runs, and how it is asked.
type Live struct {
	Spec  *cluster.Spec
	Store *pki.Store
	// Targets is every host of the spec.
	Targets []Target
	// Only limits what is said to these hosts and to the whole cluster; empty is all.
	Only []string
	// Waive names checks that are waived besides those of the spec.
	Waive []string
	// Without is the components that were left out: nothing is asked of them.
	Without []string
	// Now is the operator's clock; certificates are judged by it.
	Now func() time.Time
	// Dial opens a connection from the operator's machine.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Members is what is wrong with etcd's membership.
	Members func(context.Context) ([]cluster.Problem, error)
	// Etcd is how a stored value is read.
	Etcd etcd.Access
	// Patience is how long what comes up by itself is given to do so.
	Patience time.Duration
	// By is whose the objects are that are made for the moment; Gone reports whether whoever made others is known to be no
	// more. Rand is where their names come from.
	By   string
	Gone func(by string) bool
	Rand io.Reader
	// Tell is told what is waited for, and of which host; it may be called from several goroutines.
	Tell func(host, message string)
}

// Verification is one run of asking.
type Verification struct {
	*Live
	leaves map[string]pki.Request
	hosts  map[string]Target
	// rows is what each check that is done said, by its name.
	rows  map[string][]Row
	until time.Time
	// api is a client of each API server that is well, in the order of the spec.
	api []*api
	// ready is the nodes that pods can run on.
	ready []cluster.Node
}

// Verify begins a run.
func (l *Live) Verify() *Verification {
	v := &Verification{
		Live: l, leaves: map[string]pki.Request{}, hosts: map[string]Target{}, rows: map[string][]Row{}, until: time.Now().Add(l.Patience),
	}
	for _, r := range pki.Catalogue(l.Spec) {
		v.leaves[r.ID()] = r
	}
	for _, t := range l.Targets {
		v.hosts[t.Node.Name] = t
	}
	return v
}

// Look asks everything that can be asked without leaving a trace: the checks of each stage side by side, one stage after
// the other.
func (v *Verification) Look(ctx context.Context) {
	for stage := range stages {
		under := slices.DeleteFunc(LiveChecks(), func(c LiveCheck) bool { return c.ask == nil || c.stage != stage || !v.wants(c) })
		answers := make([][]Row, len(under))
		_ = remote.ForEach(ctx, indices(under), max(len(under), 1), func(ctx context.Context, i int) error {
			answers[i] = v.patiently(ctx, under[i])
			return nil
		})
		for i, rows := range answers {
			v.rows[under[i].Name] = rows
		}
		v.blame()
		if stage == serverStage {
			v.api = v.clients()
		}
	}
}

// wants reports whether the cluster has what the check is about.
func (v *Verification) wants(c LiveCheck) bool {
	return (c.when == nil || c.when(v.Spec)) && !slices.Contains(v.Without, c.of)
}

// settlePause is how long apart something that comes up is looked at.
const settlePause = 500 * time.Millisecond

// patiently asks again while something is wrong that may come right by itself, and nothing else is wrong that will not.
func (v *Verification) patiently(ctx context.Context, c LiveCheck) []Row {
	told := ""
	for {
		rows := c.ask(ctx, v)
		if !c.settles || !anyFailed(rows) || v.broken() || !time.Now().Before(v.until) {
			return rows
		}
		if i := slices.IndexFunc(rows, func(r Row) bool { return r.State == Failed }); rows[i].Seen != told {
			told = rows[i].Seen
			v.Tell(rows[i].Host, "waiting: "+c.Name+": "+told)
		}
		select {
		case <-ctx.Done():
			return rows
		case <-time.After(settlePause):
		}
	}
}

// broken reports whether a check that is done failed.
func (v *Verification) broken() bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(v.rows)), anyFailed)
}

func anyFailed(rows []Row) bool {
	return slices.ContainsFunc(rows, func(r Row) bool { return r.State == Failed })
}

func (v *Verification) waives(check string) bool {
	return v.Spec.Waived(check) || slices.Contains(v.Waive, check)
}

// Rows is what was found so far, in the order of the checks, each in the order of the hosts.
func (v *Verification) Rows() []Row {
	order := map[string]int{"": -1}
	for i, n := range v.Spec.Hosts {
		order[n.Name] = i
	}
	var out []Row
	for _, c := range LiveChecks() {
		rows := slices.DeleteFunc(slices.Clone(v.rows[c.Name]), func(r Row) bool {
			return r.Host != "" && len(v.Only) > 0 && !slices.Contains(v.Only, r.Host)
		})
		slices.SortStableFunc(rows, func(a, b Row) int { return order[a.Host] - order[b.Host] })
		for _, r := range rows {
			if r.Check = c.Name; v.waives(c.Name) && (r.State == Failed || r.State == Warning) {
				r.State = Waived
			}
			out = append(out, r)
		}
	}
	return out
}

// at is rows about a host.
func at(host string, rows []Row) []Row {
	for i := range rows {
		rows[i].Host = host
	}
	return rows
}
