package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/etcdutl/v3/etcdutl"

	"hardway/remote"
)

// etcdutlMain is etcdutl's own commands for snapshots. They end the process themselves where they fail.
func etcdutlMain(args []string) {
	root := &cobra.Command{Use: "etcdutl", SilenceUsage: true}
	root.PersistentFlags().StringP("write-out", "w", "simple", "how to print what was found")
	root.AddCommand(etcdutl.NewSnapshotCommand())
	root.SetArgs(args[1:])
	if err := root.Execute(); err != nil {
		os.Exit(exitFailed) //nolint:forbidigo // it is the main function of a tool that this executable is, as etcd's is
	}
}

// own is chown -R: who owns what is only remembered.
func (c commands) own(who, dir string) error {
	user, group, _ := strings.Cut(who, ":")
	uid, known := users{c.files.tree}.uid(user)
	gid, knownToo := users{c.files.tree}.gid(group)
	if !known || !knownToo {
		return fmt.Errorf("invalid owner: %q", who)
	}
	at, err := c.files.tree.resolve(dir, false)
	if err != nil {
		return err
	}
	return fs.WalkDir(c.files.tree.root.FS(), at, func(p string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return c.files.owners.set(path.Clean(p), owner{uid, gid})
	})
}

// removeAll is rm -rf.
func (c commands) removeAll(dirs []string) error {
	for _, dir := range dirs {
		at, err := c.files.tree.resolve(dir, false)
		if err != nil {
			return err
		}
		if err := c.files.tree.removeAll(dir); err != nil {
			return err
		}
		if err := c.files.owners.forget(at); err != nil {
			return err
		}
	}
	return nil
}

// find is find -delete, in the ways in which hardway takes things off.
func (c commands) find(command remote.Command) error {
	dir, last := command.Args[1], len(command.Args)-2
	switch {
	case slices.Equal(command.Args, remote.TakeOff(command.Args[0]).Args):
		return c.removeAll(command.Args[:1])
	case slices.Equal(command.Args, remote.Empty(dir).Args):
		return c.clear(dir, func(string) bool { return true })
	}
	return c.clear(dir, func(name string) bool {
		matches, err := path.Match(command.Args[last], name)
		return matches && err == nil
	})
}

// clear takes off what is in a directory and goes; the directory stays.
func (c commands) clear(dir string, goes func(name string) bool) error {
	at, err := c.files.tree.resolve(dir, true)
	if err != nil {
		return err
	}
	entries, err := fs.ReadDir(c.files.tree.root.FS(), at)
	if err != nil {
		return err
	}
	var inside []string
	for _, e := range entries {
		if goes(e.Name()) {
			inside = append(inside, path.Join(dir, e.Name()))
		}
	}
	return c.removeAll(inside)
}

// removeDirs is rmdir --ignore-fail-on-non-empty.
func (c commands) removeDirs(dirs []string) error {
	for _, dir := range dirs {
		at, err := c.files.tree.resolve(dir, false)
		if err == nil {
			err = c.files.remove(at, true)
		}
		if err != nil && !errors.Is(err, syscall.ENOTEMPTY) {
			return err
		}
	}
	return nil
}
