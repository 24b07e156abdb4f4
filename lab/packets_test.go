package lab

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRequestArrivesWhoseAnswerIsCutOff(t *testing.T) {
	l := started(t, 1)
	for name, c := range map[string]struct {
		packets  int
		answered bool
	}{"request": {1, false}, "answer": {2, true}} {
		t.Run(name, func(t *testing.T) {
			client := sftpTo(t, l, "h1")
			if _, err := client.Stat("/etc"); err != nil {
				t.Fatal(err)
			}
			if err := l.CutAfter("h1", c.packets, nil); err != nil {
				t.Fatal(err)
			}
			if err := client.Mkdir("/srv-" + name); (err == nil) != c.answered {
				t.Errorf("after %d packets the client is told %v", c.packets, err)
			}
			if err := client.Mkdir("/late-" + name); err == nil {
				t.Error("the connection was not cut")
			}
			if err := l.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(l.Root("h1"), "srv-"+name)); err != nil {
				t.Errorf("what was asked was not done: %v", err)
			}
			if _, err := os.Stat(filepath.Join(l.Root("h1"), "late-"+name)); err == nil {
				t.Error("something was done after the cut")
			}
		})
	}
}

// Each packet of a log in, from the line with the version on, is one that a cut can come after.
func TestEveryPacketIsCounted(t *testing.T) {
	l := started(t, 1)
	sftpTo(t, l, "h1")
	all, err := l.Packets("h1")
	if err != nil || all < 10 {
		t.Fatalf("%d packets, %v", all, err)
	}
	for n := 1; n <= all; n++ {
		before, _ := l.Packets("h1")
		if err := l.CutAfter("h1", n, nil); err != nil {
			t.Fatal(err)
		}
		tryToLogIn(t, l, "h1")
		if err := l.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if after, _ := l.Packets("h1"); after-before != n {
			t.Errorf("cut after %d packets: %d passed", n, after-before)
		}
	}
}
