package remote_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hardway/remote"
	"hardway/test/sshd"
)

// A host that never stops talking fills no memory: it is told apart, and the connection goes on.
func TestAHostThatNeverStopsTalkingIsEnded(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client := h.dial(t)
	long := filepath.Join(t.TempDir(), "long")
	must(t, os.WriteFile(long, nil, 0o600))
	must(t, os.Truncate(long, 1<<30))
	flood := remote.Script{Name: "hardway-flood", Text: "exec cat /dev/zero"}
	for name, listen := range map[string]func() error{
		"a command":            func() error { _, err := client.Ask(t.Context(), flood); return err },
		"a file without end":   func() error { _, err := client.ReadFile(t.Context(), "/dev/zero"); return err },
		"a file that is large": func() error { _, err := client.ReadFile(t.Context(), long); return err },
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan error, 1)
			go func() { ended <- listen() }()
			select {
			case err := <-ended:
				if err == nil || !strings.Contains(err.Error(), "kmaster1: ") || !strings.Contains(err.Error(), "more than 16 MiB") {
					t.Errorf("got %v", err)
				}
			case <-time.After(30 * time.Second):
				t.Fatal("it is listened to still")
			}
			if data, err := client.ReadFile(t.Context(), h.KnownHosts); err != nil || len(data) == 0 {
				t.Errorf("the connection does not go on: %v", err)
			}
		})
	}
}

// What a command complains of is kept at its end.
func TestOnlyTheEndOfALongComplaintIsKept(t *testing.T) {
	client := startHost(t, sshd.Options{}).dial(t)
	_, err := client.Ask(t.Context(), remote.Script{Name: "hardway-moan", Text: "head -c 20000000 /dev/zero | tr '\\0' x >&2; echo the reason >&2; exit 3"})
	if err == nil || !strings.Contains(err.Error(), "the reason") || len(err.Error()) > 2000 {
		t.Errorf("got %d bytes: %.300v", len(err.Error()), err)
	}
}
