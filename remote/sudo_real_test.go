package remote_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/remote"
	"hardway/test/sshd"
)

// What sudo is really asked, by a user who is really not root, on hosts of their own /etc: see sshd.Account.

const (
	sudoPassword = "it's a 'secret' phrase $HOME"
	withPassword = "USER ALL=(root) ALL"
	noPassword   = "USER ALL=(root) NOPASSWD: ALL"
)

// startAccount is a host that lets in a user who is not root.
func startAccount(t testing.TB, sudoers string, config ...string) *testHost {
	t.Helper()
	h := startHost(t, sshd.Options{Account: &sshd.Account{Name: "hwtester", Password: sudoPassword, Sudoers: sudoers}, Config: config})
	yes := true
	h.settings.Sudo = &yes
	return h
}

// asking counts how often the password is asked for, and answers.
func (h *testHost) asking(answer string) *atomic.Int32 {
	var asked atomic.Int32
	h.options.Password = func(string, string) ([]byte, error) { asked.Add(1); return []byte(answer), nil }
	return &asked
}

func TestSudoWithAndWithoutAPassword(t *testing.T) {
	for name, c := range map[string]struct {
		sudoers string
		asked   int32
	}{
		"without a password":                         {noPassword, 0},
		"with a password":                            {withPassword, 1},
		"with a password, though not for everything": {withPassword + "\nUSER ALL=(root) NOPASSWD: /usr/bin/rm", 1},
		"with a password that sudo remembers":        {"Defaults timestamp_type=global\n" + withPassword, 1},
		"with a password and a lecture":              {"Defaults lecture=always\n" + withPassword, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := startAccount(t, c.sudoers)
			asked := h.asking(sudoPassword)
			client := h.dial(t)
			deliversAsRoot(t, client)
			if asked.Load() != c.asked {
				t.Errorf("the password was asked for %d times, want %d", asked.Load(), c.asked)
			}
			if strings.Contains(h.Log(), sudoPassword) {
				t.Error("the password is in the host's log")
			}
		})
	}
}

// deliversAsRoot does all that hardway does on a host, with a directory that root alone can reach. Mode and owner are those
// that root gives.
func deliversAsRoot(t *testing.T, client *remote.Client) {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o700))
	content := bytes.Repeat([]byte("a line that could be a password\n"), 100_000)
	owned := file(dir+"/owned", "", 0o640)
	owned.Owner, owned.Content = "daemon:adm", artifact.Bytes(content)
	staged, err := client.Stage(t.Context(), []artifact.File{owned, file(dir+"/mine", "x", 0o600)})
	must(t, err)
	must(t, staged.Commit(t.Context()))
	state, err := client.Look(t.Context(), remote.Query{Paths: []string{dir + "/owned", dir + "/mine", dir}})
	must(t, err)
	if got := state.Paths[dir+"/owned"]; got.Owner != "daemon:adm" || got.Mode.Perm() != 0o640 || got.Size != int64(len(content)) {
		t.Errorf("got %+v", got)
	}
	data, err := client.ReadFile(t.Context(), dir+"/owned")
	must(t, err)
	if !bytes.Equal(data, content) {
		t.Errorf("%d bytes came back of %d: something else got into them", len(data), len(content))
	}
	must(t, client.Do(t.Context(), remote.Remove(dir+"/owned")))
	if _, err := os.Stat(dir + "/owned"); !os.IsNotExist(err) {
		t.Errorf("it was not removed: %v", err)
	}
	// What a command reads is nothing: least of all a password that sudo has not asked for.
	must(t, client.Do(t.Context(), remote.Command{Name: "sh", Args: []string{"-c", "cat >" + dir + "/input"}}))
	if input, err := os.ReadFile(dir + "/input"); err != nil || len(input) > 0 {
		t.Errorf("a command read %q, %v", input, err)
	}
	err = client.Do(t.Context(), remote.Remove("/proc/version"))
	if err == nil || !strings.Contains(err.Error(), "rm") || strings.Contains(err.Error(), "hardway-") || strings.Contains(err.Error(), "lecture") {
		t.Errorf("got %v, want what rm says and nothing of sudo", err)
	}
}

// Twenty hosts at once, as with ForEach: one question, and until the first host has taken the answer no other is given it.
func TestSudoPasswordIsAskedOnceAndProvenOnce(t *testing.T) {
	log := filepath.Join(t.TempDir(), "sudo.log")
	h := startAccount(t, "Defaults logfile="+log+"\n"+withPassword)
	all := make([]int, 20)
	reach := func(o remote.Options) error {
		dialer := remote.NewDialer(o)
		defer dialer.Forget()
		return remote.ForEach(t.Context(), all, len(all), func(ctx context.Context, _ int) error {
			client, err := dialer.Dial(ctx, h.node)
			if err != nil {
				return err
			}
			defer client.Close()
			return client.Do(ctx, remote.Remove("/nonexistent/file"))
		})
	}
	t.Run("right", func(t *testing.T) {
		asked := h.asking(sudoPassword)
		must(t, reach(h.options))
		if asked.Load() != 1 {
			t.Errorf("the password was asked for %d times", asked.Load())
		}
	})
	t.Run("wrong", func(t *testing.T) {
		asked := h.asking("open barley")
		err := reach(h.options)
		h.refuses(t, err, "refused the password of hwtester", "kmaster1")
		if strings.Contains(err.Error(), "barley") {
			t.Errorf("the password is in the error: %v", err)
		}
		if asked.Load() != 1 {
			t.Errorf("the password was asked for %d times", asked.Load())
		}
		said, err := os.ReadFile(log)
		must(t, err)
		if strings.Count(string(said), "incorrect password attempt") != 1 || strings.Count(string(said), "1 incorrect password attempt ;") != 1 {
			t.Errorf("want one attempt on one host, sudo logged:\n%s", said)
		}
	})
}

func TestSudoPasswordThatAnotherHostDoesNotTake(t *testing.T) {
	a, b := startAccount(t, withPassword), startAccount(t, withPassword)
	b.node.Name = "kmaster2"
	other := startHost(t, sshd.Options{Account: &sshd.Account{Name: "hwtester", Password: "another", Sudoers: withPassword}})
	other.node.Name, other.settings.Sudo = "kmaster3", a.settings.Sudo
	var asked atomic.Int32
	dialer := dialerFor(t, []*testHost{a, b, other}, remote.Options{Password: func(user, host string) ([]byte, error) {
		if asked.Add(1); user != "hwtester" || host != "kmaster1" {
			t.Errorf("asked for %s on %s", user, host)
		}
		return []byte(sudoPassword), nil
	}})
	do := func(h *testHost) error {
		client, err := dialer.Dial(t.Context(), h.node)
		must(t, err)
		defer client.Close()
		return client.Do(t.Context(), remote.Remove("/nonexistent/file"))
	}
	must(t, do(a))
	must(t, do(b))
	other.refuses(t, do(other), "refused the password of hwtester that kmaster1 took", "--only kmaster3")
	must(t, do(b))
	if asked.Load() != 1 {
		t.Errorf("the password was asked for %d times", asked.Load())
	}
}

func TestSudoThatLetsNobodyThrough(t *testing.T) {
	for name, c := range map[string]struct {
		sudoers string
		config  []string
		answer  string
		says    []string
	}{
		"nobody to ask":            {withPassword, nil, "", []string{"nobody to ask", "hwtester ALL=(root) NOPASSWD: ALL"}},
		"not in sudoers":           {"", nil, sudoPassword, []string{"hwtester may not use sudo", "/etc/sudoers.d/hardway"}},
		"not for these commands":   {"USER ALL=(root) /usr/bin/id", nil, sudoPassword, []string{"hwtester may not run", "/etc/sudoers.d/hardway"}},
		"wants a terminal":         {"Defaults requiretty\n" + noPassword, nil, "", []string{"requiretty", "Defaults:hwtester !requiretty"}},
		"there is no sudo":         {noPassword, []string{"SetEnv PATH=/nonexistent HOME=/"}, "", []string{"sudo", "log in as root"}},
		"a question of its own":    {"Defaults passprompt_override, passprompt=\"Token:\"\n" + withPassword, nil, sudoPassword, nil},
		"nothing but an enter key": {withPassword, nil, "\n", []string{"no password"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := startAccount(t, c.sudoers, c.config...)
			if c.answer != "" {
				h.asking(strings.Trim(c.answer, "\n"))
			}
			client := h.dial(t)
			_, look := client.Look(t.Context(), remote.Query{Paths: []string{"/etc"}})
			_, read := client.ReadFile(t.Context(), "/etc/passwd")
			for what, err := range map[string]error{"look": look, "read": read, "do": client.Do(t.Context(), remote.Remove("/nonexistent/file"))} {
				if c.says == nil {
					must(t, err)
					continue
				}
				t.Run(what, func(t *testing.T) { h.refuses(t, err, c.says...) })
			}
		})
	}
}

// The password stands in no process list of either side, at no time.
func TestSudoPasswordIsInNoProcessList(t *testing.T) {
	h := startAccount(t, withPassword)
	h.asking(sudoPassword)
	client := h.dial(t)
	done := make(chan error, 1)
	go func() {
		for range 10 {
			if err := client.Do(context.Background(), remote.Remove("/nonexistent/file")); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	seen := 0
	for {
		select {
		case err := <-done:
			must(t, err)
			if seen == 0 {
				t.Error("no sudo was seen at all")
			}
			return
		case <-time.After(time.Millisecond):
		}
		list, err := os.ReadDir("/proc")
		must(t, err)
		for _, p := range list {
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%s/cmdline", p.Name()))
			environment, _ := os.ReadFile(fmt.Sprintf("/proc/%s/environ", p.Name()))
			if bytes.HasPrefix(line, []byte("sudo\x00-S")) {
				seen++
			}
			if bytes.Contains(append(line, environment...), []byte(sudoPassword)) {
				t.Fatalf("the password is in the process list: %q", line)
			}
		}
	}
}

func TestCommandTimeout(t *testing.T) {
	h := startAccount(t, withPassword)
	h.asking(sudoPassword)
	h.settings.CommandTimeout.Duration = time.Second
	client := h.dial(t)
	must(t, client.Do(t.Context(), remote.Remove("/nonexistent/file")))
	h.Freeze()
	defer h.Thaw()
	err := client.Do(t.Context(), remote.Remove("/nonexistent/file"))
	h.refuses(t, err, "1s", "ssh.commandTimeout")
	if errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
