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
	"sync"

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

// makeDirs makes the directories that are missing, and a staging directory in each target.
func (s *staged) makeDirs(ctx context.Context, server *files) error {
	for _, d := range s.absent(server) {
		if err := s.makeDir(server, d.Path, privateDir); err != nil {
			return err
		}
	}
	for _, target := range s.makeStages(ctx, server) {
		if err := s.unstick(server, target); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// absent is the tree's directories that do not stand yet, parents first. They are looked for all at once; what cannot be
// looked at is left to makeDir to complain of.
func (s *staged) absent(server *files) []artifact.File {
	stands := make([]bool, len(s.dirs))
	_ = server.inTurn(len(s.dirs), func(i int) error {
		info, err := server.Stat(s.dirs[i].Path)
		stands[i] = err == nil && info.IsDir()
		return err
	})
	var absent []artifact.File
	for i, d := range s.dirs {
		if !stands[i] {
			absent = append(absent, d)
		}
	}
	return absent
}

// makeStages makes a staging directory in each target, all at once, and gives back the targets where that did not work.
func (s *staged) makeStages(ctx context.Context, server *files) (stuck []string) {
	var mu sync.Mutex
	_ = ForEach(ctx, s.targets(), stagers, func(_ context.Context, target string) error {
		if err := makeStage(server, target); err != nil {
			mu.Lock()
			defer mu.Unlock()
			stuck = append(stuck, target)
		}
		return nil
	})
	slices.Sort(stuck)
	return stuck
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

// writeFile gives a file its mode and owner before its first byte, and syncs it.
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
	owner := s.owners[f.OwnerOrRoot()]
	// Both at once: which comes first does not matter where nobody else can reach the file.
	moded := make(chan error, 1)
	go func() { moded <- out.Chmod(f.Mode.Perm()) }()
	if err := errors.Join(out.Chown(owner.UID, owner.GID), <-moded); err != nil {
		return fmt.Errorf("mode %04o and owner %s: %w", f.Mode.Perm(), f.OwnerOrRoot(), err)
	}
	in, err := f.Content.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	return s.send(out, in, f)
}

// send counts a large file as it goes, and a small one when it is through.
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

// syncDir makes the renames in a directory durable.
func (f *files) syncDir(dir string) error {
	file, err := f.Open(dir)
	if err != nil {
		return fmt.Errorf("failed to open directory %s: %w", dir, err)
	}
	if err := errors.Join(f.sync(file), file.Close()); err != nil {
		return fmt.Errorf("directory %s: %w", dir, err)
	}
	return nil
}
