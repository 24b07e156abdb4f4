package rollout

import (
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/controlplane"
	"hardway/haproxy"
	"hardway/remote"
)

// balancing is a host whose HAProxy reloads for a new configuration.
func balancing(h Host) Host {
	config := artifact.File{Path: haproxy.ConfigPath, Component: haproxy.Component}
	h.Components = append(h.Components, haproxy.Component)
	h.Change.want.Files = append(h.Change.want.Files, config, artifact.File{Path: artifact.UnitDir + "/" + haproxy.Unit + ".d/hardway.conf", Component: haproxy.Component})
	h.Change.State.Paths = map[string]remote.PathState{haproxy.CAPath: {Exists: true}}
	h.Change.State.Units[haproxy.Unit] = remote.UnitState{Active: "active", MainPID: 8}
	h.Change.Files = append(h.Change.Files, FileChange{Path: haproxy.ConfigPath, Verb: Update, File: config})
	h.Change.Units = append(h.Change.Units, UnitChange{haproxy.Unit, ReloadUnit, "a file it reads again on reload changes"})
	return h
}

// On a host that is a master and a balancer, the configuration is proven while it is still staged, and before anything stops.
func TestAConfigurationIsProvenBeforeTheCommitOfAMaster(t *testing.T) {
	h := balancing(master("m1", controlplane.APIServerUnit))
	masters := h
	masters.Components = master("m1").Components
	lb := h
	lb.Components = []string{haproxy.Component}
	roll := stackedMasters("m3", masters, master("m2"), master("m3")).Roll().Then(Balancers{Hosts: []Host{lb}, Running: []string{"m1", "lb2"}}.Roll())
	var got []string
	for _, turn := range roll.Turns {
		got = append(got, said(turn))
	}
	all := strings.Join(got, "\n")
	if check, commit := strings.Index(all, "check m1"), strings.Index(all, "commit m1"); check != 0 || commit < 0 || strings.Count(all, "check m1") != 1 || strings.Count(all, "commit m1") != 1 {
		t.Errorf("got\n%s", all)
	}
	// Another balancer, whose turn is yet to come, cannot know of a server that is new.
	if want := "reload m1 haproxy\ngate lb2,m1 haproxy\ngate m1 haproxy servers"; !strings.HasSuffix(all, want) {
		t.Errorf("got\n%s\nwant at its end\n%s", all, want)
	}
}
