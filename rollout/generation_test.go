package rollout_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/lab"
	"hardway/remote"
	"hardway/rollout"
)

// site is one host of the lab.
type site struct {
	t    *testing.T
	root string
	conn *remote.Client
	dial func() *remote.Client
	// clock is when the next run begins.
	clock time.Time
	runs  int
}

const sshPort = 2222

func newSite(t *testing.T) *site {
	t.Helper()
	addresses, err := lab.FreeAddresses(1, rand.Reader, sshPort)
	must(t, err)
	hosts, err := lab.Start(t.Context(), lab.Options{
		Dir: filepath.Join(t.TempDir(), "lab"), Port: sshPort, Hosts: []lab.Host{{Name: "h1", Address: addresses[0]}},
	})
	must(t, err)
	t.Cleanup(func() { must(t, hosts.Close()) })
	known := filepath.Join(t.TempDir(), "known_hosts")
	must(t, os.WriteFile(known, hosts.KnownHosts(), 0o600))
	settings := cluster.SSH{User: "root", Port: sshPort, IdentityFile: hosts.ClientKey(), Timeout: cluster.Duration{Duration: 10 * time.Second}}
	dialer := remote.NewDialer(remote.Options{KnownHosts: known, SSH: func(cluster.Node) cluster.SSH { return settings }})
	dial := func() *remote.Client {
		conn, err := dialer.Dial(t.Context(), cluster.Node{Name: "h1", Address: cluster.OneOrMore{addresses[0]}})
		must(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	return &site{t: t, root: hosts.Root("h1"), conn: dial(), dial: dial, clock: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// want is files of one component by path and content; a path that ends in .key is a key.
func (s *site) want(files map[string]string) rollout.Want {
	s.runs++
	s.clock = s.clock.Add(time.Hour)
	w := rollout.Want{
		Node: cluster.Node{Name: "h1"},
		Run:  rollout.Run{ID: fmt.Sprintf("run%d", s.runs), At: s.clock, Who: "anna@desk", Command: "hardway distribute"},
	}
	for path, content := range files {
		mode := fs.FileMode(0o644)
		if strings.HasSuffix(path, ".key") {
			mode = 0o600
		}
		w.Files = append(w.Files, artifact.File{Path: path, Mode: mode, Component: "etcd", Content: artifact.Bytes([]byte(content))})
	}
	return w
}

func (s *site) compare(w rollout.Want) rollout.Change {
	s.t.Helper()
	change, err := rollout.Compare(s.t.Context(), s.conn, w)
	must(s.t, err)
	return change
}

// stage is a host on which all of it waits.
func (s *site) stage(change rollout.Change) rollout.Ready {
	s.t.Helper()
	batch := rollout.Batch{{Conn: s.conn, Change: change, Components: change.Components()}}
	ready, err := batch.Stage(s.t.Context(), 1)
	must(s.t, err)
	return ready[0]
}

// deliver makes the host hold these files, and says how.
func (s *site) deliver(files map[string]string) rollout.Ready {
	s.t.Helper()
	ready := s.stage(s.compare(s.want(files)))
	must(s.t, ready.Commit(s.t.Context()))
	return ready
}

// holds is what stands on the host: paths with mode and content, without what hardway keeps for itself when bare.
func (s *site) holds(bare bool) string {
	s.t.Helper()
	var lines []string
	for _, dir := range []string{"etc/app", "var/lib/hardway"} {
		must(s.t, filepath.WalkDir(filepath.Join(s.root, dir), func(path string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil
			}
			// How the host was before hardway is no part of any commit.
			if err != nil || path == filepath.Join(s.root, rollout.OriginalDir) || bare && path == filepath.Join(s.root, rollout.GenerationsDir) {
				if err == nil {
					err = filepath.SkipDir
				}
				return err
			}
			info, err := d.Info()
			line := fmt.Sprintf("%s %v", strings.TrimPrefix(path, s.root), info.Mode())
			if info.Mode().IsRegular() {
				data, err := os.ReadFile(path)
				must(s.t, err)
				line += " " + string(data)
			}
			lines = append(lines, line)
			return err
		}))
	}
	return strings.Join(lines, "\n")
}

func (s *site) generations() []rollout.Generation {
	s.t.Helper()
	all, err := rollout.Generations(s.t.Context(), s.conn)
	must(s.t, err)
	return all
}

var (
	before = map[string]string{"/etc/app/a.conf": "a1", "/etc/app/pair.key": "key1", "/etc/app/pair.crt": "crt1", "/etc/app/same": "same", "/etc/app/gone": "gone"}
	after  = map[string]string{"/etc/app/a.conf": "a2", "/etc/app/pair.key": "key2", "/etc/app/pair.crt": "crt2", "/etc/app/same": "same", "/etc/app/new/b.conf": "b2"}
)

func TestWhatACommitReplacesIsKept(t *testing.T) {
	s := newSite(t)
	s.deliver(before)
	s.deliver(after)
	all := s.generations()
	if len(all) != 2 {
		t.Fatalf("there are %d generations, want 2: %+v", len(all), all)
	}
	last := all[0]
	if last.ID != "20260504T050201.000Z-run2" || last.Who != "anna@desk" || last.Command != "hardway distribute" ||
		last.Reason != "create 1, update 3, delete 1, beginning with /etc/app/a.conf" {
		t.Errorf("the record says %+v", last)
	}
	var kept []string
	for _, k := range last.Files {
		line := k.Path + " " + k.Mode + " " + k.Owner
		if k.Absent {
			line = k.Path + " absent"
		}
		kept = append(kept, line)
		if k.File == "" {
			continue
		}
		file := filepath.Join(s.root, rollout.GenerationsDir, last.ID, k.File)
		data, err := os.ReadFile(file)
		must(t, err)
		if want, ours := before[k.Path]; ours && string(data) != want || artifact.Digest(data) != k.SHA256 {
			t.Errorf("of %s %q is kept", k.Path, data)
		}
	}
	want := []string{
		"/etc/app/a.conf 0644 root:root", "/etc/app/gone 0644 root:root", "/etc/app/new/b.conf absent",
		"/etc/app/pair.crt 0644 root:root", "/etc/app/pair.key 0600 root:root", "/var/lib/hardway/manifest.json 0600 root:root",
	}
	if slices.Sort(kept); !slices.Equal(kept, want) {
		t.Errorf("kept is\n%s\nwant\n%s", strings.Join(kept, "\n"), strings.Join(want, "\n"))
	}
	if info, err := os.Stat(filepath.Join(s.root, rollout.GenerationsDir, last.ID)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the generation: %v, %v; want mode 0700", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Join(s.root, rollout.GenerationsDir, last.ID, "record.json")); err != nil || info.Mode() != 0o600 {
		t.Errorf("the record: %v, %v; want mode 0600", info.Mode(), err)
	}
}

func TestAnIdleRunKeepsNothing(t *testing.T) {
	s := newSite(t)
	s.deliver(after)
	seen := s.holds(false)
	if change := s.compare(s.want(after)); len(change.Files) > 0 {
		t.Errorf("there would change %+v", change.Files)
	}
	s.deliver(after)
	if now := s.holds(false); now != seen {
		t.Errorf("there was\n%s\nthere is\n%s", seen, now)
	}
}

func TestTheOldestGenerationsGo(t *testing.T) {
	s := newSite(t)
	for i := range rollout.KeptRuns + 3 {
		s.deliver(map[string]string{"/etc/app/a.conf": fmt.Sprint(i)})
	}
	all := s.generations()
	if len(all) != rollout.KeptRuns || all[0].Run != fmt.Sprintf("run%d", rollout.KeptRuns+3) {
		t.Errorf("kept are %+v", all)
	}
	for _, g := range all {
		if age := time.Since(g.Kept); age < 0 || age > time.Minute {
			t.Errorf("%s was kept %s ago, by the host's clock", g.ID, age)
		}
	}
}

// However many commits a run makes on a host, it is put back whole.
func TestARunIsKeptWhole(t *testing.T) {
	s := newSite(t)
	s.deliver(before)
	bare := s.holds(true)
	const commits = rollout.KeptRuns + 3
	for i := range commits {
		w := s.want(map[string]string{"/etc/app/a.conf": fmt.Sprint(i)})
		w.Run.ID = "long"
		must(t, s.stage(s.compare(w)).Commit(t.Context()))
	}
	all := s.generations()
	if len(all) != commits+1 || all[commits-1].Run != "long" || all[commits].Run != "run1" {
		t.Fatalf("kept are %d: %+v", len(all), all)
	}
	back, err := rollout.Restored(t.Context(), s.conn, s.want(nil), all[:commits]...)
	must(t, err)
	must(t, s.stage(s.compare(back)).Commit(t.Context()))
	if now := s.holds(true); now != bare {
		t.Errorf("there was\n%s\nthere is\n%s", bare, now)
	}
	for i := range rollout.KeptRuns {
		s.deliver(map[string]string{"/etc/app/a.conf": fmt.Sprint("later", i)})
	}
	if all := s.generations(); len(all) != rollout.KeptRuns {
		t.Errorf("of a run that is too old there are left: %+v", all)
	}
}

func TestAGenerationSortsBehindTheOthersWhateverTheClocksSay(t *testing.T) {
	s := newSite(t)
	s.deliver(before)
	s.clock = s.clock.Add(-24 * time.Hour)
	s.deliver(after)
	if all := s.generations(); len(all) != 2 || all[0].Run != "run2" {
		t.Errorf("the newest is %+v", all[0])
	}
}

func TestPutBackIsAsIfTheCommitHadNotBeen(t *testing.T) {
	s := newSite(t)
	s.deliver(before)
	bare, all := s.holds(true), s.holds(false)
	ready := s.deliver(after)
	if s.holds(true) == bare {
		t.Fatal("the commit changed nothing")
	}
	must(t, ready.PutBack(t.Context()))
	// The directory that was made stays; it is empty.
	must(t, os.Remove(filepath.Join(s.root, "/etc/app/new")))
	if now := s.holds(false); now != all {
		t.Errorf("there was\n%s\nthere is\n%s", all, now)
	}
	must(t, ready.PutBack(t.Context()))
}

// The first delivery put aside what a package had brought.
func TestPutBackOfTheFirstDelivery(t *testing.T) {
	s := newSite(t)
	must(t, os.MkdirAll(filepath.Join(s.root, "etc/app"), 0o755))
	must(t, os.WriteFile(filepath.Join(s.root, "etc/app/a.conf"), []byte("the package's"), 0o640))
	ready := s.deliver(map[string]string{"/etc/app/a.conf": "ours", "/etc/app/b.conf": "ours"})
	must(t, ready.PutBack(t.Context()))
	if got := s.holds(true); !strings.Contains(got, "/etc/app/a.conf -rw-r----- the package's") || strings.Contains(got, "b.conf") {
		t.Errorf("there stands\n%s", got)
	}
	if change := s.compare(s.want(map[string]string{})); len(change.Files) > 0 {
		t.Errorf("hardway takes what it did not bring for its own: %+v", change.Files)
	}
}

// cutOff is a connection whose commits end somewhere in the middle: it cannot rename, sweep or run anything any more
// after so many things have been done.
type cutOff struct {
	*remote.Client
	left int
}

// staging is more than a staging does.
const staging = 1000

func (c *cutOff) step(ctx context.Context, do func() error) error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return do()
}

func (c *cutOff) Keep(ctx context.Context, k remote.Keeping) error {
	return c.step(ctx, func() error { return c.Client.Keep(ctx, k) })
}

func (c *cutOff) Rename(ctx context.Context, from, to string) error {
	return c.step(ctx, func() error { return c.Client.Rename(ctx, from, to) })
}

func (c *cutOff) Do(ctx context.Context, command remote.Command) error {
	return c.step(ctx, func() error { return c.Client.Do(ctx, command) })
}

func (c *cutOff) Stage(ctx context.Context, files []artifact.File) (remote.Staged, error) {
	staged, err := c.Client.Stage(ctx, files)
	return cutOffStaged{staged, c}, err
}

type cutOffStaged struct {
	remote.Staged
	on *cutOff
}

func (s cutOffStaged) Commit(ctx context.Context) error {
	return s.on.step(ctx, func() error { return s.Staged.Commit(ctx) })
}

// A run that is cut off, wherever, and is run again with something else to deliver still keeps what was there before both.
func TestARerunGoesOnWithTheGenerationThatWasBegun(t *testing.T) {
	for done := range 5 {
		t.Run(fmt.Sprint(done), func(t *testing.T) {
			s := newSite(t)
			s.deliver(before)
			bare := s.holds(true)
			change := s.compare(s.want(map[string]string{"/etc/app/a.conf": "half", "/etc/app/pair.key": "half", "/etc/app/same": "same", "/etc/app/half": "half"}))
			conn := &cutOff{Client: s.dial(), left: staging}
			ready, err := rollout.Batch{{Conn: conn, Change: change, Components: change.Components()}}.Stage(t.Context(), 1)
			must(t, err)
			conn.left = done
			cut := ready[0].Commit(t.Context()) != nil
			if cut && done > 0 {
				if all := s.generations(); len(all) != 2 || !all[0].Unfinished() {
					t.Fatalf("the run that was cut off left %+v", all)
				}
			}
			again := s.deliver(after)
			all := s.generations()
			if all[0].Unfinished() || strings.Contains(s.holds(false), "unfinished") {
				t.Errorf("the rerun did not end it: %+v", all)
			}
			if cut && done > 0 && !slices.Equal(all[0].Continues, []string{"run2"}) {
				t.Errorf("the rerun does not say what it continues: %+v", all[0])
			}
			if !cut {
				return
			}
			must(t, again.PutBack(t.Context()))
			must(t, os.Remove(filepath.Join(s.root, "/etc/app/new")))
			if now := s.holds(true); now != bare {
				t.Errorf("there was\n%s\nthere is\n%s", bare, now)
			}
		})
	}
}

// lostReply is a connection that is lost after the host has renamed, before it says so.
type lostReply struct{ *remote.Client }

func (c lostReply) Rename(ctx context.Context, from, to string) error {
	renamed := c.Client.Rename(ctx, from, to)
	return errors.Join(renamed, errors.New("connection lost"))
}

func TestPutBackOfACommitWhoseLastReplyWasLost(t *testing.T) {
	s := newSite(t)
	s.deliver(before)
	bare := s.holds(true)
	change := s.compare(s.want(after))
	ready, err := rollout.Batch{{Conn: lostReply{s.dial()}, Change: change, Components: change.Components()}}.Stage(t.Context(), 1)
	must(t, err)
	if ready[0].Commit(t.Context()) == nil {
		t.Fatal("the commit ended")
	}
	ready[0].Conn = s.dial()
	must(t, ready[0].PutBack(t.Context()))
	must(t, os.Remove(filepath.Join(s.root, "/etc/app/new")))
	if now := s.holds(true); now != bare {
		t.Errorf("there was\n%s\nthere is\n%s", bare, now)
	}
}
