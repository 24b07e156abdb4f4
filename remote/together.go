package remote

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/pkg/sftp"

	"hardway/artifact"
)

// sending is a small file that is written in one piece, together with others.
type sending struct {
	path string
	// how is the flags of os.OpenFile besides those for writing and making it.
	how  int
	mode fs.FileMode
	// owner is nil where the file stays that of whom it is made by.
	owner   *Owner
	content artifact.Content
}

// smallFile is up to which size, in bytes, a file is sent in one piece: SFTP servers take that much in one request.
const smallFile = 32 << 10

// writeTogether writes files in directories that nobody else can enter, gives each its mode and owner before its first
// byte, and syncs them. What is asked of one is asked of all in one go; each step is answered before the next begins,
// because not every server keeps the order of what it is asked of a file.
func (f *files) writeTogether(list []sending) error {
	open := make([]*sftp.File, len(list))
	err := f.inTurn(len(list), func(i int) (err error) {
		if open[i], err = f.OpenFile(list[i].path, os.O_WRONLY|os.O_CREATE|list[i].how); err != nil {
			return fmt.Errorf("failed to make %s: %w", list[i].path, err)
		}
		return nil
	})
	for _, step := range []func(sending, *sftp.File) []func() error{sending.settle, sending.write, f.durable} {
		if err != nil {
			break
		}
		err = f.each(list, open, step)
	}
	return errors.Join(err, f.closeAll(open))
}

// each asks a step of every file.
func (f *files) each(list []sending, open []*sftp.File, step func(sending, *sftp.File) []func() error) error {
	var asks []func() error
	for i, s := range list {
		for _, ask := range step(s, open[i]) {
			asks = append(asks, func() error {
				if err := ask(); err != nil {
					return fmt.Errorf("failed to write %s: %w", s.path, err)
				}
				return nil
			})
		}
	}
	return f.inTurn(len(asks), func(i int) error { return asks[i]() })
}

// settle asks for mode and owner: which comes first does not matter where nobody else can reach the file.
func (s sending) settle(file *sftp.File) []func() error {
	asks := []func() error{func() error { return file.Chmod(s.mode) }}
	if s.owner != nil {
		asks = append(asks, func() error { return file.Chown(s.owner.UID, s.owner.GID) })
	}
	return asks
}

// write opens what is to be sent only now, so that nothing secret is held longer than it takes.
func (s sending) write(file *sftp.File) []func() error {
	return []func() error{func() error {
		in, err := s.content.Open()
		if err != nil {
			return err
		}
		defer in.Close()
		data, err := io.ReadAll(in)
		if err == nil && len(data) > 0 {
			_, err = file.WriteAt(data, 0)
		}
		return err
	}}
}

func (f *files) durable(_ sending, file *sftp.File) []func() error {
	return []func() error{func() error { return f.sync(file) }}
}

// closeAll closes what was opened.
func (f *files) closeAll(open []*sftp.File) error {
	return f.inTurn(len(open), func(i int) error {
		if open[i] == nil {
			return nil
		}
		return open[i].Close()
	})
}

// syncDirs makes the names in directories durable.
func (f *files) syncDirs(dirs []string) error {
	open := make([]*sftp.File, len(dirs))
	err := f.inTurn(len(dirs), func(i int) (err error) {
		if open[i], err = f.Open(dirs[i]); err != nil {
			return fmt.Errorf("failed to open directory %s: %w", dirs[i], err)
		}
		return nil
	})
	synced := f.inTurn(len(dirs), func(i int) error {
		if open[i] == nil {
			return nil
		}
		if err := f.sync(open[i]); err != nil {
			return fmt.Errorf("directory %s: %w", dirs[i], err)
		}
		return nil
	})
	return errors.Join(err, synced, f.closeAll(open))
}

// makeShut makes directories that only root enters, where nothing stands, and tells which of them it has made.
func (f *files) makeShut(dirs []string) (made []bool, err error) {
	made = make([]bool, len(dirs))
	_ = f.inTurn(len(dirs), func(i int) error {
		err := f.Mkdir(dirs[i])
		made[i] = err == nil
		return err
	})
	var fresh []string
	for i, dir := range dirs {
		if made[i] {
			fresh = append(fresh, dir)
		}
	}
	return made, f.inTurn(len(fresh), func(i int) error { return f.Chmod(fresh[i], privateDir) })
}

// removeStages takes off staging directories that are empty.
func (f *files) removeStages(targets []string) error {
	return f.inTurn(len(targets), func(i int) error { return f.RemoveDirectory(path.Join(targets[i], stageName)) })
}
