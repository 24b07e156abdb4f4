package check

// kind is what a finding is of.
type kind string

const (
	kindSilent kind = "silent" // nobody gets a connection
	kindReach  kind = "reach"  // some do not
	kindServed kind = "served" // another certificate than it should be
	kindAnswer kind = "answer" // its answer is no good one
	kindOfEtcd kind = "etcd"   // it says itself that etcd is what it lacks
	kindDown   kind = "down"   // etcd says of a member that it is not there
	kindLonely kind = "lonely" // etcd says of a member that it lacks the others
	kindStarts kind = "starts" // it is not ready yet, and need not be
	kindAlarm  kind = "alarm"  // etcd takes no writes
)

func of(k kind, rows []Row) []Row {
	for i := range rows {
		rows[i].kind = k
	}
	return rows
}

// cause says which findings come of others: those of check that are of kind, where by has one of byKind for the same host, or
// for any. An empty kind is every one; an empty check every check but by.
type cause struct {
	check  string
	kind   kind
	by     string
	byKind kind
	any    bool
}

// causes is read in order: what an earlier row has put down to another counts no more as a cause itself.
func causes() []cause {
	var out []cause
	// What is not written is not renewed, not reported and not made.
	for _, name := range append([]string{liveLeases, liveNodes, liveAddons, "aggregated-api", liveSecret}, podChecks...) {
		out = append(out, cause{check: name, by: liveEtcd, byKind: kindAlarm, any: true})
	}
	// Members that lack each other answer reads and take writes now and then.
	for _, name := range []string{liveBalancer, liveLeases, liveNodes, liveAddons, "aggregated-api", liveSecret, livePods} {
		out = append(out, cause{check: name, by: livePeer, byKind: kindReach, any: true})
	}
	return append(out, []cause{
		{by: liveSSH},
		{check: livePeer, kind: kindSilent, by: liveEtcd, byKind: kindDown},
		{check: liveClient, kind: kindSilent, by: liveEtcd, byKind: kindDown},
		{check: liveEtcd, kind: kindServed, by: livePeer},
		{check: liveEtcd, kind: kindServed, by: liveClient},
		{check: liveEtcd, kind: kindLonely, by: livePeer, byKind: kindReach, any: true},
		{check: liveAPI, kind: kindOfEtcd, by: livePeer, any: true},
		{check: liveAPI, kind: kindOfEtcd, by: liveEtcd, any: true},
		{check: liveAPI, kind: kindOfEtcd, by: liveClient},
		{check: "controller-manager", by: liveAPI},
		{check: "scheduler", by: liveAPI},
		{check: liveKubelet, by: liveHostname},
		{check: "endpoint", kind: kindServed, by: liveAPI, any: true},
		{check: liveNodes, by: liveHostname},
		{check: liveNodes, by: liveKubelet},
		{check: liveAddons, by: liveNodes, any: true},
		{check: "aggregated-api", by: liveAddons, any: true},
		{check: liveLogs, by: liveKubelet},
		{check: liveExec, by: liveKubelet},
		{check: livePodToPod, by: livePods},
		{check: liveService, by: liveProxy},
		{check: liveService, by: livePodToPod},
		{check: liveNodePort, by: liveProxy},
		{check: liveDNS, by: liveAddons, any: true},
		{check: liveDNS, by: livePodToPod},
		{check: liveDNS, by: liveService},
	}...)
}

// blame leaves of several findings of one cause the one that names it: the others become unknown, and say where to look.
func (v *Verification) blame() {
	for _, c := range causes() {
		for name, rows := range v.rows {
			if c.check != name && (c.check != "" || name == c.by) {
				continue
			}
			for i, r := range rows {
				if r.State == Failed && (c.kind == "" || r.kind == c.kind) && v.found(c, r.Host) {
					rows[i].State, rows[i].Try = Unknown, "see `"+c.by+"`"
				}
			}
		}
	}
}

func (v *Verification) found(c cause, host string) bool {
	for _, r := range v.rows[c.by] {
		if r.State == Failed && (c.any || r.Host == host && host != "") && (c.byKind == "" || r.kind == c.byKind) {
			return true
		}
	}
	return false
}
