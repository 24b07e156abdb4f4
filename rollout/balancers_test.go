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

// sharing is a balancer whose keepalived restarts.
func sharing(h Host) Host {
	drop := artifact.File{Path: artifact.UnitDir + "/" + haproxy.SharedUnit + ".d/hardway.conf", Component: haproxy.Component}
	h.Components = []string{haproxy.Component}
	h.Change.want.Files = append(h.Change.want.Files, drop)
	h.Change.State.Units[haproxy.Unit] = remote.UnitState{Active: "active", MainPID: 8}
	h.Change.State.Units[haproxy.SharedUnit] = remote.UnitState{Active: "active", MainPID: 9}
	h.Change.Files = append(h.Change.Files, FileChange{Path: drop.Path, Verb: Update, File: drop})
	h.Change.Units = append(h.Change.Units, UnitChange{haproxy.SharedUnit, RestartUnit, "runs on other inputs"})
	return h
}

// The shared address leaves its holder when that one's turn comes, and nobody restarts after it.
func TestTheHolderOfTheSharedAddressComesLast(t *testing.T) {
	hosts := []Host{sharing(master("lb1")), sharing(master("lb2")), sharing(master("lb3"))}
	for holder, want := range map[string]string{"lb1": "lb2 lb3 lb1", "lb2": "lb1 lb3 lb2", "lb3": "lb1 lb2 lb3", "": "lb1 lb2 lb3"} {
		roll := Balancers{Hosts: hosts, Running: []string{"lb1", "lb2", "lb3"}, Holder: holder, Share: true}.Roll()
		if got := strings.Join(roll.Order(), " "); got != want {
			t.Errorf("with %q as the holder the order is %s, want %s", holder, got, want)
		}
		for _, turn := range roll.Turns {
			if got := said(turn); !strings.HasSuffix(got, "restart "+turn.Host+" keepalived\ngate "+gatesOf(turn.Host)+" haproxy\ngate "+turn.Host+" haproxy servers virtual address") {
				t.Errorf("the turn of %s is\n%s", turn.Host, got)
			}
		}
	}
}

// gatesOf is all three, the one whose turn it is last.
func gatesOf(host string) string {
	return strings.Join(append(without([]string{"lb1", "lb2", "lb3"}, []string{host}), host), ",")
}
