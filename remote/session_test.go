package remote_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/remote"
	"hardway/test/sshd"
)

func TestHostWithoutSFTP(t *testing.T) {
	for name, answer := range map[string]sshd.SFTP{
		"no subsystem":                    sshd.NoSFTP,
		"a program that is not there":     "/nonexistent/sftp-server",
		"a program that says other words": "/bin/echo Welcome to this machine.",
	} {
		t.Run(name, func(t *testing.T) {
			h := startHost(t, sshd.Options{SFTP: answer})
			client, target := h.dial(t), t.TempDir()
			_, err := client.ReadFile(t.Context(), h.KnownHosts)
			h.refuses(t, err, "SFTP", "Subsystem sftp")
			_, err = client.Stage(t.Context(), []artifact.File{file(target+"/a", "a", 0o600)})
			h.refuses(t, err, "SFTP", "Subsystem sftp")
			if _, err := client.Look(t.Context(), remote.Query{Paths: []string{target}}); err != nil {
				t.Errorf("looking needs no SFTP: %v", err)
			}
		})
	}
}

func TestSFTPServerThatNeverAnswers(t *testing.T) {
	h := startHost(t, sshd.Options{SFTP: "/bin/sleep 1000"})
	client := h.dial(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := client.ReadFile(ctx, h.KnownHosts)
	h.refuses(t, err, "SFTP")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of the context", err)
	}
	must(t, client.Do(t.Context(), remote.Remove("/nonexistent/file")))
}

func TestSFTPServerThatNeverAnswersIsGivenUpAfterTheTimeout(t *testing.T) {
	h := startHost(t, sshd.Options{SFTP: "/bin/sleep 1000"})
	client := h.dialWithin(t, time.Second)
	_, err := client.ReadFile(context.Background(), h.KnownHosts)
	h.refuses(t, err, "SFTP", "1s")
}

func TestReadFile(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client, path := h.dial(t), filepath.Join(t.TempDir(), "name with 'quotes' and \"more\"")
	must(t, os.WriteFile(path, []byte("content"), 0o600))
	if got, err := client.ReadFile(t.Context(), path); string(got) != "content" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	_, err := client.ReadFile(t.Context(), path+" of another")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
	h.refuses(t, err, path+" of another")
	_, err = client.ReadFile(t.Context(), filepath.Dir(path))
	h.refuses(t, err, filepath.Dir(path))
}

func TestFailedCommandSaysWhatTheCommandSaid(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client, dir := h.dial(t), t.TempDir()
	h.refuses(t, client.Do(t.Context(), remote.Remove(dir)), "rm -f -- "+dir, "exit 1", "Is a directory")
}

func TestCommandEndsWithItsContext(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client := h.dial(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := client.Do(ctx, remote.Remove("/nonexistent/file")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	must(t, client.Do(t.Context(), remote.Remove("/nonexistent/file")))
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	file, line := userKey(t, sshd.Ed25519, "")
	h := startHost(t, sshd.Options{Authorized: []string{line}})
	h.settings.IdentityFile, h.options.AgentSocket = "", startAgent(t, file).socket
	before := runtime.NumGoroutine()
	for range 3 {
		client, err := remote.NewDialer(h.options).Dial(t.Context(), h.node)
		must(t, err)
		_, err = client.ReadFile(t.Context(), h.KnownHosts)
		must(t, err)
		_, err = client.Look(t.Context(), remote.Query{Paths: []string{"/"}})
		must(t, err)
		must(t, client.Close())
		must(t, client.Close())
		h.refuses(t, client.Do(t.Context(), remote.Remove("/nonexistent/file")))
	}
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

func TestDialThatFailsLeavesNothingRunning(t *testing.T) {
	h := startHost(t, sshd.Options{})
	stranger, _ := userKey(t, sshd.Ed25519, "")
	h.options.AgentSocket = startAgent(t, stranger).socket
	h.settings.IdentityFile = stranger
	before := runtime.NumGoroutine()
	for range 3 {
		h.dialFails(t)
	}
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

func TestConnectionEndsSoonAfterTheContextOfItsDial(t *testing.T) {
	h := startHost(t, sshd.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	client, err := remote.NewDialer(h.options).Dial(ctx, h.node)
	must(t, err)
	cancel()
	eventually(t, "the connection has ended", func() bool { return client.Do(t.Context(), remote.Remove("/nonexistent/file")) != nil })
}
