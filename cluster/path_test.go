package cluster

import (
	"strings"
	"testing"
)

func TestGapsCoverWhatTheyHoldAndWhatHoldsThem(t *testing.T) {
	var g gaps
	for _, path := range []string{"spec.hosts[1]", "spec.ssh.jump[0]", "spec.hosts[10].address"} {
		g.add(path)
	}
	rows := map[string]bool{
		"spec": true, "spec.hosts": true, "spec.hosts[1]": true, "spec.hosts[1].name": true, "spec.hosts[1].address[2]": true,
		"spec.ssh": true, "spec.ssh.jump": true, "spec.ssh.jump[0]": true, "spec.hosts[10]": true, "spec.hosts[10].address[0]": true,
		"spec.hosts[2]": false, "spec.hosts[11]": false, "spec.hosts[10].name": false, "spec.hosts[100]": false,
		"spec.ssh.jump[1]": false, "spec.ssh.user": false, "spec.etcd": false, "apiVersion": false,
	}
	for path, want := range rows {
		if got := g.cover(path); got != want {
			t.Errorf("%s: %t, want %t", path, got, want)
		}
	}
}

func TestAGapAtTheTopCoversAll(t *testing.T) {
	var g gaps
	if g.cover("spec") {
		t.Error("no gap covers nothing")
	}
	g.add("")
	if !g.cover("spec.hosts") {
		t.Error("the document itself is the gap")
	}
}

func TestMessagesRepeatNoMoreThanAWordOfWhatTheyRead(t *testing.T) {
	long := strings.Repeat("ä", 500)
	problems := broken(t, []string{"statsUser: admin", "statsUser: " + long, "  addons:", "  " + long + ": 1\n  \"\\e[31mred\": 1\n  addons:"})
	if len(problems) != 3 {
		t.Fatalf("got %v", problems)
	}
	for _, p := range problems {
		if len(p.Subject) > 120 || len(p.Message) > 160 || strings.Contains(p.String(), "\x1b") {
			t.Errorf("too much of it: %q", p)
		}
	}
}
