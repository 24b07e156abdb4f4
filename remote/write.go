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

	"github.com/pkg/sftp"

	"hardway/artifact"
)

// Modes of directories that are made on the way.
const (
	// privateDir is what is not ready to be seen.
	privateDir = fs.FileMode(0o700)
	// parentDir is parents that no tree names.
	parentDir = fs.FileMode(0o755)
)

// makeDirs makes the directories that are missing, and a staging directory in each target. They are tried all at once; what
// that did not work for is looked at one by one.
func (s *staged) makeDirs(ctx context.Context, server *files) error {
	targets := s.targets()
	var all []string
	for _, d := range s.dirs {
		all = append(all, d.Path)
	}
	for _, target := range targets {
		all = append(all, path.Join(target, stageName))
	}
	made, err := server.makeShut(all)
	for i, d := range s.dirs {
		if made[i] {
			s.made = append(s.made, d.Path)
		}
	}
	if err != nil {
		return fmt.Errorf("failed to shut a directory that was made: %w", err)
	}
	for i, d := range s.dirs {
		if made[i] {
			continue
		}
		if err := s.makeDir(server, d.Path, privateDir); err != nil {
			return err
		}
	}
	for i, target := range targets {
		if made[len(s.dirs)+i] {
			continue
		}
		if err := s.unstick(server, target); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// makeDir makes a directory that is missing, with all its parents; one that is there stays as it is.
func (s *staged) makeDir(server *files, dir string, mode fs.FileMode) error {
	if info, err := server.Stat(dir); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s is no directory", dir)
		}
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("failed to look at %s: %w", dir, err)
	}
	if err := s.makeDir(server, path.Dir(dir), parentDir); err != nil {
		return err
	}
	if err := server.Mkdir(dir); err != nil {
		return fmt.Errorf("failed to make directory %s: %w", dir, err)
	}
	s.made = append(s.made, dir)
	return server.Chmod(dir, mode)
}

func makeStage(server *files, target string) error {
	stage := path.Join(target, stageName)
	if err := server.Mkdir(stage); err != nil {
		return fmt.Errorf("failed to make staging directory %s: %w", stage, err)
	}
	return server.Chmod(stage, privateDir)
}

// unstick makes a staging directory where the target is missing, or where a run that died has left one.
func (s *staged) unstick(server *files, target string) error {
	if err := s.makeDir(server, target, parentDir); err != nil {
		return err
	}
	if err := clearStage(server, path.Join(target, stageName)); err != nil {
		return err
	}
	return makeStage(server, target)
}

// writeFiles writes small files together, and large ones side by side.
func (s *staged) writeFiles(ctx context.Context, server *files) error {
	var small, large []artifact.File
	for _, f := range s.files {
		size, err := f.Content.Size()
		if err != nil {
			return fmt.Errorf("failed to read what %s should hold: %w", f.Path, err)
		}
		if size <= smallFile {
			small = append(small, f)
		} else {
			large = append(large, f)
		}
	}
	for part := range slices.Chunk(small, stagers) {
		if err := s.writeSmall(server, part); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return ForEach(ctx, large, stagers, func(ctx context.Context, f artifact.File) error { return s.writeFile(ctx, server, f) })
}

func (s *staged) writeSmall(server *files, list []artifact.File) error {
	parts := make([]sending, len(list))
	for i, f := range list {
		parts[i] = sending{path: stagedPath(f), how: os.O_EXCL, mode: f.Mode.Perm(), owner: s.given(f), content: f.Content}
	}
	if err := server.writeTogether(parts); err != nil {
		return err
	}
	for _, f := range list {
		size, err := f.Content.Size()
		if err != nil {
			return err
		}
		s.tally.add(1, size)
	}
	return nil
}

// given is the owner that a file has to be given; nil where it has it already, being made by root in a directory that root
// made.
func (s *staged) given(f artifact.File) *Owner {
	owner := s.owners[f.OwnerOrRoot()]
	if owner == (Owner{}) && s.client.isRoot() {
		return nil
	}
	return &owner
}

// writeFile gives a large file its mode and owner before its first byte, and syncs it.
func (s *staged) writeFile(ctx context.Context, server *files, f artifact.File) error {
	out, err := server.OpenFile(stagedPath(f), os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return fmt.Errorf("failed to make %s: %w", stagedPath(f), err)
	}
	err = s.fill(out, f)
	if err == nil && ctx.Err() == nil {
		err = server.sync(out)
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("failed to write %s: %w", stagedPath(f), err)
	}
	return ctx.Err()
}

func (s *staged) fill(out *sftp.File, f artifact.File) error {
	for _, ask := range (sending{mode: f.Mode.Perm(), owner: s.given(f)}).settle(out) {
		if err := ask(); err != nil {
			return fmt.Errorf("mode %04o and owner %s: %w", f.Mode.Perm(), f.OwnerOrRoot(), err)
		}
	}
	in, err := f.Content.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	return s.send(out, in, f)
}

// send counts a very large file as it goes, and another when it is through.
func (s *staged) send(out *sftp.File, in io.Reader, f artifact.File) error {
	if s.tally == nil {
		_, err := io.Copy(out, in)
		return err
	}
	size, err := f.Content.Size()
	if err != nil {
		return err
	}
	if size >= countedFrom {
		in = &counting{in, size, s.tally}
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	if size >= countedFrom {
		size = 0
	}
	s.tally.add(1, size)
	return nil
}

// sync makes a file or directory durable where the server offers it.
func (f *files) sync(file *sftp.File) error {
	if _, offered := f.HasExtension("fsync@openssh.com"); !offered {
		return nil
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("failed to sync: %w", err)
	}
	return nil
}
