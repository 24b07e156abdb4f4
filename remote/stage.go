package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"hardway/artifact"
)

// stageName is the directory, next to where files will stand and so on the same file system, that holds them until they
// are committed. It is 0700: SFTP cannot make a file with a mode, so nobody may reach it before it has one.
const stageName = ".hardway-stage"

// stagers is how many files of one host are written at the same time: round trips dominate, and a server groups syncs.
const stagers = 16

// Stage writes files next to where they will stand.
func (c *Client) Stage(ctx context.Context, list []artifact.File) (Staged, error) {
	server, err := c.sftp()
	if err != nil {
		return nil, err
	}
	s := &staged{client: c, server: server}
	for _, f := range list {
		if f.IsDir() {
			s.dirs = append(s.dirs, f)
		} else {
			s.files = append(s.files, f)
		}
	}
	s.order()
	if err := s.write(ctx); err != nil {
		err = fmt.Errorf("%s: failed to stage: %w", c.node, err)
		return nil, errors.Join(err, s.Discard(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// staged is files that wait on a host.
type staged struct {
	client      *Client
	server      *files
	dirs, files []artifact.File
	owners      map[string]Owner
}

// order puts directories before what stands in them, and a key right before its certificate.
func (s *staged) order() {
	byPath := func(a, b artifact.File) int { return strings.Compare(a.Path, b.Path) }
	slices.SortFunc(s.dirs, byPath)
	slices.SortFunc(s.files, func(a, b artifact.File) int {
		stemA, stemB := strings.TrimSuffix(a.Path, path.Ext(a.Path)), strings.TrimSuffix(b.Path, path.Ext(b.Path))
		if stemA != stemB {
			return strings.Compare(stemA, stemB)
		}
		return strings.Compare(path.Ext(b.Path), path.Ext(a.Path))
	})
}

func (s *staged) write(ctx context.Context) error {
	if err := s.resolveOwners(ctx); err != nil {
		return err
	}
	for _, d := range s.dirs {
		if err := s.makeDir(d.Path, 0o700); err != nil {
			return err
		}
	}
	if err := ForEach(ctx, s.targets(), stagers, s.makeStage); err != nil {
		return err
	}
	if err := ForEach(ctx, s.files, stagers, s.writeFile); err != nil {
		return err
	}
	return s.verify(ctx)
}

// resolveOwners asks the host for the numbers of the owners' names.
func (s *staged) resolveOwners(ctx context.Context) error {
	var names []string
	for _, f := range append(slices.Clone(s.dirs), s.files...) {
		if owner := f.OwnerOrRoot(); !slices.Contains(names, owner) {
			names = append(names, owner)
		}
	}
	s.owners = map[string]Owner{"root:root": {}}
	if len(names) == 0 || len(names) == 1 && names[0] == "root:root" {
		return nil
	}
	state, err := s.client.Look(ctx, Query{Owners: names})
	if err != nil {
		return err
	}
	for _, name := range names {
		owner, ok := state.Owners[name]
		if !ok {
			return fmt.Errorf("there is no user and group %s on the host", name)
		}
		s.owners[name] = owner
	}
	return nil
}

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

// makeDir makes a directory that is missing, with all its parents; one that is there stays as it is.
func (s *staged) makeDir(dir string, mode fs.FileMode) error {
	if info, err := s.server.Stat(dir); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s is no directory", dir)
		}
		return nil
	}
	if err := s.makeDir(path.Dir(dir), 0o755); err != nil {
		return err
	}
	if err := s.server.Mkdir(dir); err != nil {
		return fmt.Errorf("failed to make directory %s: %w", dir, err)
	}
	return s.server.Chmod(dir, mode)
}

// makeStage makes the staging directory of a target, and clears away what a run that died left in it.
func (s *staged) makeStage(_ context.Context, target string) error {
	stage := path.Join(target, stageName)
	if err := s.server.Mkdir(stage); err != nil {
		if err := s.removeStage(stage); err != nil {
			return err
		}
		if err := s.makeDir(target, 0o755); err != nil {
			return err
		}
		if err := s.server.Mkdir(stage); err != nil {
			return fmt.Errorf("failed to make staging directory %s: %w", stage, err)
		}
	}
	return s.server.Chmod(stage, 0o700)
}

func (s *staged) removeStage(stage string) error {
	entries, err := s.server.ReadDir(stage)
	if errors.Is(missing(err), fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("failed to read staging directory %s: %w", stage, err)
	}
	for _, e := range entries {
		if err := s.server.Remove(path.Join(stage, e.Name())); err != nil {
			return fmt.Errorf("failed to clear %s: %w", stage, err)
		}
	}
	return s.server.RemoveDirectory(stage)
}

func stagedPath(f artifact.File) string {
	return path.Join(path.Dir(f.Path), stageName, path.Base(f.Path))
}

// writeFile gives the file its mode and owner before its first byte, and syncs it.
func (s *staged) writeFile(ctx context.Context, f artifact.File) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("failed to write %s: %w", f.Path, err)
		}
	}()
	out, err := s.server.OpenFile(stagedPath(f), os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	owner := s.owners[f.OwnerOrRoot()]
	if err := errors.Join(out.Chmod(f.Mode.Perm()), out.Chown(owner.UID, owner.GID)); err != nil {
		return err
	}
	in, err := f.Content.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.sync(out.Sync)
}

// sync is skipped where the server does not offer it.
func (s *staged) sync(do func() error) error {
	if _, offered := s.server.HasExtension("fsync@openssh.com"); !offered {
		return nil
	}
	return do()
}

// verify compares the digests on the far side with what was to be written.
func (s *staged) verify(ctx context.Context) error {
	var q Query
	for _, f := range s.files {
		q.Paths = append(q.Paths, stagedPath(f))
	}
	if len(q.Paths) == 0 {
		return nil
	}
	state, err := s.client.Look(ctx, q)
	if err != nil {
		return err
	}
	for _, f := range s.files {
		want, err := f.Content.SHA256()
		if err != nil {
			return err
		}
		if got := state.Paths[stagedPath(f)].SHA256; got != want {
			return fmt.Errorf("%s arrived as sha256:%s, sent was sha256:%s", f.Path, got, want)
		}
	}
	return nil
}
