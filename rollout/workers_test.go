package rollout

import (
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/remote"
	"hardway/worker"
)

// node is a host with these verbs for its units; units that start do not run.
func node(name string, units map[string]Verb) Host {
	h := Host{Change: Change{Host: name, State: remote.State{Units: map[string]remote.UnitState{}}}, Components: []string{worker.Component}}
	for _, unit := range nodeUnits {
		h.Change.want.Files = append(h.Change.want.Files, artifact.File{Path: artifact.UnitDir + "/" + unit, Component: worker.Component})
		verb := units[unit]
		if verb != Start {
			h.Change.State.Units[unit] = remote.UnitState{Active: "active", MainPID: 7}
		}
		if verb != "" {
			h.Change.Units = append(h.Change.Units, UnitChange{unit, verb, "because"})
			h.Change.Files = append(h.Change.Files, FileChange{Path: "/etc/" + unit, Verb: Update, File: artifact.File{Component: worker.Component}})
		}
	}
	return h
}

// TestAMasterWithPodsIsCommittedOnce: what is staged on a host is put in place in one go, in its first turn, also where its
// kubelet then starts beside those of other hosts.
func TestAMasterWithPodsIsCommittedOnce(t *testing.T) {
	start := map[string]Verb{worker.KubeletUnit: Start}
	masters := Roll{Batch: []Host{{Change: Change{Host: "m1"}, Components: []string{"controlplane"}}}, Turns: []Turn{{Moves: []Move{{Verb: Commit, Hosts: []string{"m1"}}}}}}
	roll := masters.Then(Workers{Hosts: []Host{node("m1", start), node("w1", start)}}.Roll())
	if got, want := said(roll.Turns[1]), "register m1,w1 Node\ncommit w1\nstart m1,w1 kubelet\ngate m1,w1 kubelet\ngate m1,w1 node"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(roll.Batch) != 2 || len(roll.Batch[0].Components) != 2 {
		t.Errorf("staged are %d hosts, of the first %v", len(roll.Batch), roll.Batch[0].Components)
	}
}

// TestKubeletsThatAsk: those that start are given a token, and those that restart without a certificate; all that begin anew
// are admitted before the next one's turn.
func TestKubeletsThatAsk(t *testing.T) {
	restart := map[string]Verb{worker.KubeletUnit: RestartUnit}
	roll := Workers{Asking: true, Uninvited: []string{"w1", "w2"}, Waiting: []string{"w4", "w5"}, Hosts: []Host{
		node("w1", map[string]Verb{worker.KubeletUnit: Start}), node("w2", restart), node("w3", restart), node("w4", nil),
		node("w5", map[string]Verb{worker.KubeProxyUnit: RestartUnit}), node("w6", nil),
	}}.Roll()
	var got []string
	for _, turn := range roll.Turns {
		got = append(got, turn.Host+":\n"+said(turn))
	}
	want := []string{
		":\nregister w1 Node\ncommit w1\ninvite w1 kubelet\nstart w1 kubelet\ngate w1 kubelet\ngate w1 node\nadmit w1 serving certificate",
		"w2:\ncommit w2\ninvite w2 kubelet\nrestart w2 kubelet\ngate w2 kubelet\ngate w2 node\nadmit w2 serving certificate",
		"w3:\ncommit w3\nrestart w3 kubelet\ngate w3 kubelet\ngate w3 node\nadmit w3 serving certificate",
		"w5:\ncommit w5\nrestart w5 kube-proxy\ngate w5 node\nadmit w5 serving certificate",
		":\nadmit w4 serving certificate",
	}
	if strings.Join(got, "\n\n") != strings.Join(want, "\n\n") {
		t.Errorf("got\n%s\n\nwant\n%s", strings.Join(got, "\n\n"), strings.Join(want, "\n\n"))
	}
}

func TestNodesStartTogetherAndChangeOneByOne(t *testing.T) {
	all := map[string]Verb{worker.ContainerdUnit: RestartUnit, worker.RoutesUnit: Start, worker.KubeletUnit: Start, worker.KubeProxyUnit: Start}
	roll := Workers{Hosts: []Host{
		node("w1", map[string]Verb{worker.KubeletUnit: RestartUnit, worker.ContainerdUnit: RestartUnit}),
		node("w2", all), node("w3", nil), node("w4", map[string]Verb{worker.RoutesUnit: ReloadUnit}), node("w5", all),
	}}.Roll()
	var got []string
	for _, turn := range roll.Turns {
		got = append(got, turn.Host+":\n"+said(turn))
	}
	want := []string{
		":\nregister w2,w5 Node\ncommit w2,w5\nrestart w2,w5 containerd\nstart w2,w5 hardway-pod-routes\nstart w2,w5 kubelet\nstart w2,w5 kube-proxy\ngate w2,w5 kubelet\ngate w2,w5 node",
		"w1:\ncommit w1\nrestart w1 containerd\nrestart w1 kubelet\ngate w1 kubelet\ngate w1 node",
		"w4:\ncommit w4\nreload w4 hardway-pod-routes\ngate w4 node",
	}
	if strings.Join(got, "\n\n") != strings.Join(want, "\n\n") {
		t.Errorf("got\n%s\n\nwant\n%s", strings.Join(got, "\n\n"), strings.Join(want, "\n\n"))
	}
	if len(roll.Batch) != 4 {
		t.Errorf("%d hosts are staged, want all but the one that is as it should be", len(roll.Batch))
	}
}
