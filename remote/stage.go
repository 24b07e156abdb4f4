package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"hardway/artifact"
)

// stageName is the directory, next to where files will stand and so on the same file system, that holds them until they
// are committed. It is 0700: SFTP cannot make a file with a mode, so nobody may reach it before it has one.
const stageName = ".hardway-stage"

// stagers is how many files of one host are written at the same time: round trips dominate, and syncs that come together
// cost the file system little more than one.
const stagers = 32

// Stage writes files next to where they will stand. What a run that died left in those directories is cleared away.
// Directories that are missing are made, reachable for root alone until the commit gives them their mode and owner. A
// Staged has to be committed or discarded before another touches the same directories.
func (c *Client) Stage(ctx context.Context, list []artifact.File) (Staged, error) {
	s := &staged{client: c}
	for _, f := range list {
		if f.IsDir() {
			s.dirs = append(s.dirs, f)
		} else {
			s.files = append(s.files, f)
		}
	}
	s.order()
	s.tally = newTally(c.node, s.files, c.sent)
	if err := c.claim(s.targets()); err != nil {
		return nil, c.cannotWrite("failed to stage", err)
	}
	if err := s.stage(ctx); err != nil {
		s.abandon(ctx)
		return nil, c.cannotWrite("failed to stage", c.cause(ctx, err))
	}
	return s, nil
}

// claim takes directories for one Staged.
func (c *Client) claim(targets []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, dir := range targets {
		if c.claimed[dir] {
			return fmt.Errorf("%s has staged files already: commit or discard them first", dir)
		}
	}
	if c.claimed == nil {
		c.claimed = map[string]bool{}
	}
	for _, dir := range targets {
		c.claimed[dir] = true
	}
	return nil
}

// hasStaged reports whether a directory is one in which this client has files staged.
func (c *Client) hasStaged(dir string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return path.Base(dir) == stageName && c.claimed[path.Dir(dir)]
}

func (c *Client) unclaim(targets []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, dir := range targets {
		delete(c.claimed, dir)
	}
}

// staged is files that wait on a host.
type staged struct {
	client      *Client
	dirs, files []artifact.File
	owners      map[string]Owner
	tally       *tally
	// seen is what stood there once everything was staged.
	seen map[string]PathState
	// made is the directories that were missing, parents first.
	made []string
	// done: committed or discarded.
	done bool
}

// order puts directories before what stands in them, and a key right before its certificate.
func (s *staged) order() {
	slices.SortFunc(s.dirs, func(a, b artifact.File) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(s.files, func(a, b artifact.File) int {
		return cmp.Or(
			strings.Compare(stem(a), stem(b)),
			slices.Index(pairOrder, path.Ext(a.Path))-slices.Index(pairOrder, path.Ext(b.Path)),
			strings.Compare(a.Path, b.Path),
		)
	})
}

// pairOrder is the endings of a pair's halves in the order in which they are put in place, after all other endings.
var pairOrder = []string{".key", ".crt"}

// stem is what a key and its certificate have in common.
func stem(f artifact.File) string { return strings.TrimSuffix(f.Path, path.Ext(f.Path)) }

// targets is every directory that a file will stand in.
func (s *staged) targets() []string {
	var dirs []string
	for _, f := range s.files {
		if dir := path.Dir(f.Path); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

func stagedPath(f artifact.File) string {
	return path.Join(path.Dir(f.Path), stageName, path.Base(f.Path))
}

func (s *staged) stage(ctx context.Context) error {
	server, release, err := s.client.sftp(ctx)
	if err != nil {
		return err
	}
	defer release()
	if _, offered := server.HasExtension("posix-rename@openssh.com"); !offered && len(s.files) > 0 {
		return errors.New("the SFTP server cannot put a file in another's place at once (posix-rename@openssh.com)")
	}
	if err := s.resolveOwners(ctx); err != nil {
		return err
	}
	if err := s.makeDirs(ctx, server); err != nil {
		return err
	}
	if err := s.writeFiles(ctx, server); err != nil {
		return err
	}
	return s.verify(ctx, server)
}

// verify compares what stands on the far side with what was to be written, and looks at the directories besides.
func (s *staged) verify(ctx context.Context, server *files) error {
	if len(s.files) == 0 {
		return nil
	}
	var q Query
	for _, f := range s.files {
		q.Paths = append(q.Paths, stagedPath(f))
	}
	for _, d := range s.dirs {
		q.Paths = append(q.Paths, d.Path)
	}
	state, err := s.client.Look(ctx, q)
	if err != nil {
		return err
	}
	s.seen = state.Paths
	var wrong []error
	var strange []artifact.File
	for _, f := range s.files {
		seen := state.Paths[stagedPath(f)]
		wrong = append(wrong, arrived(f, seen))
		if s.given(f) == nil && seen.Owner != f.OwnerOrRoot() {
			strange = append(strange, f)
		}
	}
	// Some file systems give what is made in a directory the group of that.
	return errors.Join(append(wrong, server.inTurn(len(strange), func(i int) error { return server.Chown(stagedPath(strange[i]), 0, 0) }))...)
}

func arrived(f artifact.File, seen PathState) error {
	want, err := f.Content.SHA256()
	switch {
	case err != nil:
		return err
	case !seen.Exists:
		return fmt.Errorf("%s did not arrive", f.Path)
	case seen.SHA256 != want:
		return fmt.Errorf("%s arrived as sha256:%s, sent was sha256:%s", f.Path, seen.SHA256, want)
	case seen.Mode != f.Mode.Perm():
		return fmt.Errorf("%s arrived with mode %04o, wanted is %04o", f.Path, seen.Mode, f.Mode.Perm())
	}
	return nil
}
