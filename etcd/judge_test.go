package etcd

import (
	"slices"
	"strings"
	"testing"

	"hardway/cluster"
)

// well is evidence of a healthy cluster of three; kmaster1 leads.
func well(spec *cluster.Spec) Evidence {
	var list []ListedMember
	for i, n := range spec.Hosts {
		list = append(list, ListedMember{ID: uint64(i + 1), Name: n.Name, PeerURLs: []string{n.PeerURL()}, ClientURLs: []string{n.ClientURL()}})
	}
	var e Evidence
	for i, n := range spec.Hosts {
		e.Members = append(e.Members, MemberEvidence{
			Host: n.Name, ID: uint64(i + 1), ClusterID: 9, Listed: slices.Clone(list), Leader: 1, Term: 2, Applied: 30, DBSize: 20480,
			Revision: 5, Version: "3.6.16", Hash: Hash{Revision: 5, Compacted: -1, Value: 77},
		})
		e.Units = append(e.Units, DeliveredUnit{Host: n.Name, Present: true, Name: n.Name, InitialCluster: spec.InitialCluster(), Token: spec.Name})
	}
	return e
}

// What real members cannot be brought to show at will.
func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		change func(e *Evidence)
		want   []finding
	}{
		"all is well":                    {func(*Evidence) {}, nil},
		"another order of members":       {func(e *Evidence) { e.Units[1].InitialCluster = reversed(e.Units[1].InitialCluster) }, nil},
		"nobody looked at the hosts":     {func(e *Evidence) { e.Units = nil }, nil},
		"another version, in a gate":     {func(e *Evidence) { e.Units, e.Members[1].Version = nil, "3.6.15" }, nil},
		"hashes of other compactions":    {func(e *Evidence) { e.Members[2].Hash = Hash{Revision: 5, Compacted: 3, Value: 78} }, nil},
		"a split term":                   {func(e *Evidence) { e.Members[2].Term = 3 }, []finding{{"kmaster3", "leader", "in term 3; expected leader 1 in term 2"}}},
		"two leaders":                    {func(e *Evidence) { e.Members[2].Leader = 3 }, []finding{{"kmaster3", "leader", "follows leader 3"}}},
		"no leader":                      {func(e *Evidence) { e.Members[1].Leader, e.Members[1].ReadError = 0, "no leader" }, []finding{{"kmaster2", "leader", "knows no leader"}}},
		"a read that fails":              {func(e *Evidence) { e.Members[1].ReadError = "timed out" }, []finding{{"kmaster2", "health", "timed out"}}},
		"an error in the status":         {func(e *Evidence) { e.Members[1].StatusErrors = []string{"disk stalled"} }, []finding{{"kmaster2", "health", "disk stalled"}}},
		"a list that cannot be read":     {func(e *Evidence) { e.Members[1].Listed, e.Members[1].ListError = nil, "denied" }, []finding{{"kmaster2", "member list", "denied"}}},
		"another view of the membership": {func(e *Evidence) { e.Members[1].Listed = e.Members[1].Listed[:2] }, []finding{{"kmaster2", "member list", "another member list"}}},
		"a hash that cannot be had":      {func(e *Evidence) { e.Members[1].Hash.Error = "too old" }, []finding{{"kmaster2", "data", "too old"}}},
		"another version":                {func(e *Evidence) { e.Members[1].Version = "3.6.15" }, []finding{{"kmaster2", "version", "runs etcd 3.6.15; expected 3.6.16"}}},
		"another name":                   {func(e *Evidence) { rename(e, 1, "node2") }, []finding{{"kmaster2", "name", `"node2"; expected "kmaster2"`}}},
		"another client URL":             {func(e *Evidence) { readdress(e, 1, "https://10.0.0.1:2379") }, []finding{{"kmaster2", "client URL", "10.0.0.1"}}},
		"the data of another member":     {func(e *Evidence) { e.Members[1].ID = 3 }, []finding{{"kmaster2", "member ID", "answers as member 3, but is listed as member 2"}}},
		"an empty list":                  {func(e *Evidence) { e.Members[1].Listed = nil }, []finding{{"kmaster2", "member list", "empty"}}},
		"a leader that is no member":     {func(e *Evidence) { lead(e, 7) }, []finding{{"", "leader", "member 7 leads, and is in no member list"}}},
		"an alarm of a stranger": {func(e *Evidence) { e.Members[0].Alarms = []Alarm{{MemberID: 0xabc, Kind: "CORRUPT"}} },
			[]finding{{"", "alarm", "CORRUPT is raised for member abc"}}},
		"the same alarm seen by all is told once": {func(e *Evidence) {
			for i := range e.Members {
				e.Members[i].Alarms = []Alarm{{MemberID: 2, Kind: "NOSPACE"}}
			}
		}, []finding{{"kmaster2", "alarm", "NOSPACE"}}},
		"a peer port behind a firewall": {func(e *Evidence) { e.Members[1].Peer.Error = "timeout" }, []finding{{"kmaster2", "peer port", "timeout"}}},
		"no unit":                       {func(e *Evidence) { e.Units[1] = DeliveredUnit{Host: "kmaster2"} }, []finding{{"kmaster2", Unit, "not on the host"}}},
		"a host that cannot be reached": {func(e *Evidence) { e.Units[1] = DeliveredUnit{Host: "kmaster2", Error: "no route"} }, []finding{{"kmaster2", Unit, "no route"}}},
		"another token":                 {func(e *Evidence) { e.Units[1].Token = "etcd-cluster" }, []finding{{"kmaster2", Unit, "--initial-cluster-token=etcd-cluster"}}},
		"another name in the unit":      {func(e *Evidence) { e.Units[1].Name = "kmaster3" }, []finding{{"kmaster2", Unit, "--name=kmaster3"}}},
		"nothing was ever started": {func(e *Evidence) {
			for i := range e.Members {
				e.Members[i] = MemberEvidence{Host: e.Members[i].Host, Error: "refused", Client: Served{Error: "refused"}}
				e.Units[i].DataEmpty = true
			}
		}, []finding{{"kmaster1", Unit, "never run"}, {"kmaster2", Unit, "never run"}, {"kmaster3", Unit, "never run"}}},
		"one has begun, and the cluster has not formed": {func(e *Evidence) {
			for i := range e.Members {
				e.Members[i] = MemberEvidence{Host: e.Members[i].Host, Error: "refused", Client: Served{Error: "refused"}}
				e.Units[i].DataEmpty, e.Units[i].Armed = i > 0, i < 2
			}
		}, []finding{{"kmaster1", Unit, "is down"}, {"kmaster2", Unit, "never run"}, {"kmaster3", Unit, "never run"}}},
		"a member nobody asked": {func(e *Evidence) { e.Members = e.Members[:2] }, []finding{{"kmaster3", Unit, "was not asked"}}},
		"two of three in another cluster: the majority counts": {func(e *Evidence) { e.Members[0].ClusterID = 8 },
			[]finding{{"kmaster1", "cluster ID", "is 8, expected 9, that of kmaster2, kmaster3"}}},
	} {
		t.Run(name, func(t *testing.T) {
			spec := three()
			e := well(spec)
			c.change(&e)
			rows, problems := Judge(spec, e)
			want(t, problems, c.want...)
			if len(rows) != 3 {
				t.Errorf("%d rows for three members", len(rows))
			}
		})
	}
}

func TestHashesAreComparedAtARevisionThatAllHave(t *testing.T) {
	got := commonRevisions([]MemberEvidence{
		{ClusterID: 9, Revision: 12}, {ClusterID: 9, Revision: 10}, {ClusterID: 9, Revision: 11},
		{ClusterID: 9, Revision: 3, Learner: true}, {Error: "down"}, {ClusterID: 8, Revision: 5},
	})
	if got[9] != 10 || got[8] != 5 || len(got) != 2 {
		t.Errorf("got %v, want 10 for the cluster of three, 5 for the other", got)
	}
}

// A spec without members is refused long before; judging it is no reason to fail.
func TestWithoutMembersThereIsNothingToJudge(t *testing.T) {
	rows, problems := Judge(&cluster.Spec{}, well(three()))
	if len(rows) > 0 || len(problems) > 0 {
		t.Errorf("got %v, %v", rows, problems)
	}
}

func TestProblemsComeInTheOrderOfTheSpec(t *testing.T) {
	spec := three()
	e := well(spec)
	e.Units[2].Token, e.Units[0].Token = "x", "x"
	e.Members[1].ReadError, e.Members[2].ReadError = "x", "x"
	var hosts []string
	_, problems := Judge(spec, e)
	for _, p := range problems {
		hosts = append(hosts, p.Host)
	}
	if !slices.Equal(hosts, []string{"kmaster1", "kmaster2", "kmaster3", "kmaster3"}) {
		t.Errorf("problems of %v, in this order", hosts)
	}
}

func TestUnitFactsReadsWhatWasRendered(t *testing.T) {
	spec := three()
	got := UnitFacts("kmaster1", content(t, unitOf(t, "v3.6.16", 0)), true)
	want := DeliveredUnit{Host: "kmaster1", Present: true, Name: "kmaster1", InitialCluster: spec.InitialCluster(), Token: "systemv", DataEmpty: true}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func reversed(list string) string {
	parts := strings.Split(list, ",")
	slices.Reverse(parts)
	return strings.Join(parts, ",")
}

func rename(e *Evidence, member int, name string) {
	for i := range e.Members {
		e.Members[i].Listed[member].Name = name
	}
}

func readdress(e *Evidence, member int, url string) {
	for i := range e.Members {
		e.Members[i].Listed[member].ClientURLs = []string{url}
	}
}

func lead(e *Evidence, id uint64) {
	for i := range e.Members {
		e.Members[i].Leader = id
	}
}
