package rollout

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/controlplane"
	"hardway/etcd"
	"hardway/remote"
)

// master is a host on which everything runs, with these units to restart.
func master(name string, stale ...string) Host {
	units := []string{etcd.Unit, controlplane.APIServerUnit, controlplane.ControllerManagerUnit, controlplane.SchedulerUnit}
	h := Host{Change: Change{Host: name, State: remote.State{Units: map[string]remote.UnitState{}}}, Components: []string{etcd.Component, controlplane.Component}}
	for _, unit := range units {
		component := controlplane.Component
		if unit == etcd.Unit {
			component = etcd.Component
		}
		h.Change.want.Files = append(h.Change.want.Files, artifact.File{Path: artifact.UnitDir + "/" + unit, Component: component})
		h.Change.State.Units[unit] = remote.UnitState{Active: "active", MainPID: 7}
	}
	for _, unit := range stale {
		h.Change.Units = append(h.Change.Units, UnitChange{unit, RestartUnit, "stale"})
		h.Change.Files = append(h.Change.Files, FileChange{Path: "/etc/" + unit, Verb: Update, File: artifact.File{Component: map[bool]string{true: etcd.Component, false: controlplane.Component}[unit == etcd.Unit]}})
	}
	return h
}

func stackedMasters(leader string, hosts ...Host) Masters {
	m := Masters{Hosts: hosts, Leader: leader, Serving: true, Balancers: []string{"lb1", "lb2"}}
	for _, h := range hosts {
		m.Members, m.Servers = append(m.Members, h.Change.Host), append(m.Servers, h.Change.Host)
		if _, stale := h.unit(etcd.Unit, RestartUnit); stale {
			m.Decision.Restart = append(m.Decision.Restart, h.Change.Host)
		}
	}
	return m
}

// said is a turn in one line per move.
func said(t Turn) string {
	var lines []string
	for _, m := range t.Moves {
		words := []string{string(m.Verb), strings.Join(m.Hosts, ","), strings.TrimSuffix(m.What, ".service")}
		for _, a := range m.Asks {
			words = append(words, string(a))
		}
		if len(m.Holds) > 0 {
			words = append(words, "holding", strings.Join(m.Holds, ","))
		}
		lines = append(lines, strings.Join(strings.Fields(strings.Join(words, " ")), " "))
	}
	return strings.Join(lines, "\n")
}

func TestTurnOfAStackedMaster(t *testing.T) {
	stale := []string{etcd.Unit, controlplane.APIServerUnit, controlplane.SchedulerUnit}
	roll := stackedMasters("m1", master("m1", stale...), master("m2", stale...), master("m3", stale...)).Roll()
	if got := strings.Join(roll.Order(), " "); got != "m2 m3 m1" || len(roll.Turns) != 3 {
		t.Fatalf("order %s in %d turns, want the leader last", got, len(roll.Turns))
	}
	want := strings.TrimSpace(`
gate m1,m3 etcd kube-apiserver controllers
drain lb1,lb2 m2
leave lb1,lb2 m2
stop m2 kube-apiserver
commit m2
move-leader m2 etcd holding m1,m3
restart m2 etcd
start m2 kube-apiserver
gate m2 kube-apiserver
undrain lb1,lb2 m2
restart m2 kube-scheduler
gate m2 etcd kube-apiserver controllers`)
	if got := said(roll.Turns[0]); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The lead changes hands once, in the turn of the leader: that is when the others' API servers are held, where there are any.
func TestOthersAreHeldWhileTheLeadChangesHands(t *testing.T) {
	stacked := func(change func(*Masters)) Masters {
		m := stackedMasters("m1", master("m1", etcd.Unit), master("m2", etcd.Unit), master("m3", etcd.Unit))
		change(&m)
		return m
	}
	const lead = "m1 move-leader etcd.service: its member leads, and restarts"
	held := func(host string) string {
		return host + " hold kube-apiserver.service: for a second at most, while etcd's lead leaves m1"
	}
	for name, c := range map[string]struct {
		masters Masters
		want    []string
	}{
		"three masters":               {stacked(func(*Masters) {}), []string{held("m2"), held("m3"), lead}},
		"a server on one of them":     {stacked(func(m *Masters) { m.Servers = []string{"m1", "m3"} }), []string{held("m3"), lead}},
		"a server on the leader only": {stacked(func(m *Masters) { m.Servers = []string{"m1"} }), []string{lead}},
		"no server runs yet":          {stacked(func(m *Masters) { m.Serving = false }), []string{lead}},
		"the leader stays":            {stackedMasters("m1", master("m1", controlplane.APIServerUnit), master("m2", etcd.Unit), master("m3")), nil},
		"a single member":             {stackedMasters("m1", master("m1", etcd.Unit)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, row := range c.masters.Roll().Rows() {
				if row.Verb == Hold || row.Verb == MoveLeader {
					got = append(got, fmt.Sprintf("%s %s %s: %s", row.Host, row.Verb, row.What, row.Reason))
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestTurnsFollowWhatChanges(t *testing.T) {
	for name, c := range map[string]struct {
		masters Masters
		want    map[string][]string
		never   []string
	}{
		"a file that is read again": {func() Masters {
			h := master("m1")
			h.Change.Files = []FileChange{{Path: "/etc/kubernetes/pki/apiserver.crt", Verb: Update, File: artifact.File{Component: controlplane.Component}}}
			return stackedMasters("m3", h, master("m2"), master("m3"))
		}(), map[string][]string{"m1": {"gate", "commit", "gate"}}, nil},
		"only etcd": {stackedMasters("m3", master("m1", etcd.Unit), master("m2"), master("m3")),
			map[string][]string{"m1": {"gate", "drain", "leave", "stop", "commit", "move-leader", "restart", "start", "gate", "undrain", "gate"}}, nil},
		"only a controller": {stackedMasters("m3", master("m1"), master("m2", controlplane.ControllerManagerUnit), master("m3")),
			map[string][]string{"m2": {"gate", "commit", "restart", "gate"}}, nil},
		"a single master": {stackedMasters("m1", master("m1", controlplane.APIServerUnit)),
			map[string][]string{"m1": {"gate", "stop", "commit", "start", "gate", "gate"}}, nil},
		"nothing": {stackedMasters("m1", master("m1"), master("m2"), master("m3")), map[string][]string{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := map[string][]string{}
			for _, turn := range c.masters.Roll().Turns {
				for _, m := range turn.Moves {
					got[turn.Host] = append(got[turn.Host], string(m.Verb))
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got  %v\nwant %v", got, c.want)
			}
		})
	}
}

// Whatever has been done when a move fails, units that were touched run on what is put back, and clients come back last.
func TestBackUndoesWhatWasDone(t *testing.T) {
	turn := stackedMasters("m3", master("m1", etcd.Unit, controlplane.APIServerUnit), master("m2"), master("m3")).Roll().Turns[0]
	var lines []string
	for n := range turn.Moves {
		var verbs []string
		for _, m := range Back("m1", turn.Moves[:n+1]) {
			verbs = append(verbs, strings.TrimSpace(string(m.Verb)+" "+strings.TrimSuffix(m.What, ".service")))
		}
		lines = append(lines, string(turn.Moves[n].Verb)+": "+strings.Join(verbs, ", "))
	}
	full := "put-back, restart etcd, restart kube-apiserver, gate, undrain m1"
	want := []string{
		"gate: ", "drain: undrain m1", "leave: undrain m1", "stop: restart kube-apiserver, gate, undrain m1",
		"commit: put-back, restart kube-apiserver, gate, undrain m1", "move-leader: put-back, restart kube-apiserver, gate, undrain m1",
		"restart: " + full, "start: " + full, "gate: " + full, "undrain: " + full, "gate: " + full,
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}
