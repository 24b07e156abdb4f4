package lab

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/pkg/sftp"
)

// files answers SFTP requests in a host's folder the way OpenSSH's server does. Each method's request carries paths of the
// host, absolute and clean.
type files struct {
	tree   *tree
	owners *owners
}

// serveSFTP talks SFTP on the channel until the client goes.
func (f files) serveSFTP(channel io.ReadWriteCloser) error {
	server := sftp.NewRequestServer(withFsync(channel), sftp.Handlers{FileGet: f, FilePut: f, FileCmd: f, FileList: f},
		sftp.WithStartDirectory("/root"))
	err := server.Serve()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// Fileread opens a file, or a directory, which can be synced but not read.
func (f files) Fileread(r *sftp.Request) (io.ReaderAt, error) { return f.tree.open(r.Filepath) }

// Filewrite opens a file for writing.
func (f files) Filewrite(r *sftp.Request) (io.WriterAt, error) { return f.OpenFile(r) }

// newFileMode is what OpenSSH gives a new file that comes without a mode: 0666 and the usual umask of a server.
const newFileMode = 0o666 &^ 0o022

// OpenFile opens a file for writing and perhaps reading. A new file belongs to root, as whom the client is logged in.
func (f files) OpenFile(r *sftp.Request) (sftp.WriterAtReaderAt, error) {
	at, err := f.tree.resolve(r.Filepath, true)
	if err != nil {
		return nil, err
	}
	if _, err := f.tree.root.Lstat(at); errors.Is(err, fs.ErrNotExist) {
		if err := f.owners.forget(at); err != nil {
			return nil, err
		}
	}
	return f.tree.root.OpenFile(at, openFlags(r.Pflags()), newFileMode)
}

// openFlags leaves O_APPEND out: clients send offsets.
func openFlags(p sftp.FileOpenFlags) int {
	flags := os.O_WRONLY
	if p.Read {
		flags = os.O_RDWR
	}
	for _, o := range []struct {
		set  bool
		flag int
	}{{p.Creat, os.O_CREATE}, {p.Trunc, os.O_TRUNC}, {p.Excl, os.O_EXCL}} {
		if o.set {
			flags |= o.flag
		}
	}
	return flags
}

// Filecmd changes names and attributes.
func (f files) Filecmd(r *sftp.Request) error {
	at, err := f.tree.resolve(r.Filepath, r.Method == "Setstat")
	if err != nil {
		return err
	}
	switch r.Method {
	case "Setstat":
		return f.setstat(at, r)
	case "Rename":
		return f.rename(at, r.Target)
	case "Remove":
		return f.remove(at, false)
	case "Rmdir":
		return f.remove(at, true)
	case "Mkdir":
		return errors.Join(f.owners.forget(at), f.tree.root.Mkdir(at, 0o777&^0o022))
	case "Link":
		return f.link(at, r.Target)
	case "Symlink":
		return f.symlink(r.Filepath, r.Target)
	}
	return sftp.ErrSSHFxOpUnsupported
}

// setstat applies what the client gave; with nothing given it is an fsync, see withFsync.
func (f files) setstat(at string, r *sftp.Request) error {
	flags, attributes := r.AttrFlags(), r.Attributes()
	if r.Flags == 0 {
		return f.sync(at)
	}
	if flags.Size {
		if err := f.truncate(at, int64(attributes.Size)); err != nil {
			return err
		}
	}
	if flags.Permissions {
		if err := f.tree.root.Chmod(at, attributes.FileMode().Perm()); err != nil {
			return err
		}
	}
	if flags.UidGid {
		if _, err := f.tree.root.Lstat(at); err != nil {
			return err
		}
		if err := f.owners.set(at, owner{attributes.UID, attributes.GID}); err != nil {
			return err
		}
	}
	if flags.Acmodtime {
		return f.tree.root.Chtimes(at, attributes.AccessTime(), attributes.ModTime())
	}
	return nil
}

func (f files) truncate(at string, size int64) error {
	file, err := f.tree.root.OpenFile(at, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Truncate(size), file.Close())
}

func (f files) sync(at string) error {
	file, err := f.tree.root.Open(at)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// rename refuses to replace, as version 3 of the protocol wants. Of two clients that rename a file to the same name one
// succeeds: it is done by a link, as OpenSSH does it.
func (f files) rename(at, target string) error {
	to, err := f.tree.resolve(target, false)
	if err != nil {
		return err
	}
	info, err := f.tree.root.Lstat(at)
	if err != nil {
		return err
	}
	if info.Mode().IsRegular() {
		if err := f.tree.root.Link(at, to); err != nil {
			return sftp.ErrSSHFxFailure
		}
		return errors.Join(f.owners.set(to, f.owners.get(at)), f.remove(at, false))
	}
	if _, err := f.tree.root.Lstat(to); err == nil {
		return sftp.ErrSSHFxFailure
	}
	return f.move(at, to)
}

// PosixRename replaces what stands there.
func (f files) PosixRename(r *sftp.Request) error {
	at, err := f.tree.resolve(r.Filepath, false)
	if err != nil {
		return err
	}
	to, err := f.tree.resolve(r.Target, false)
	if err != nil {
		return err
	}
	return f.move(at, to)
}

func (f files) move(at, to string) error {
	if err := f.tree.root.Rename(at, to); err != nil || at == to {
		return err
	}
	return f.owners.move(at, to)
}

// remove takes a file or link, or an empty directory.
func (f files) remove(at string, directory bool) error {
	info, err := f.tree.root.Lstat(at)
	if err != nil {
		return err
	}
	if info.IsDir() != directory {
		return sftp.ErrSSHFxFailure
	}
	if err := f.tree.root.Remove(at); err != nil {
		return err
	}
	return f.owners.forget(at)
}

func (f files) link(at, target string) error {
	to, err := f.tree.resolve(target, false)
	if err != nil {
		return err
	}
	return errors.Join(f.tree.root.Link(at, to), f.owners.set(to, f.owners.get(at)))
}

// symlink makes a link at name that says what, which is kept as it is given.
func (f files) symlink(what, name string) error {
	at, err := f.tree.resolve(name, false)
	if err != nil {
		return err
	}
	return errors.Join(f.owners.forget(at), f.tree.root.Symlink(what, at))
}

// Filelist lists a directory or looks at one file.
func (f files) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	switch r.Method {
	case "List":
		return f.list(r.Filepath)
	case "Stat":
		info, err := f.tree.stat(r.Filepath)
		return f.one(r.Filepath, true, info, err)
	}
	return nil, sftp.ErrSSHFxOpUnsupported
}

// Lstat looks at a link itself.
func (f files) Lstat(r *sftp.Request) (sftp.ListerAt, error) {
	info, err := f.tree.lstat(r.Filepath)
	return f.one(r.Filepath, false, info, err)
}

// Readlink is what a link says.
func (f files) Readlink(p string) (string, error) {
	at, err := f.tree.resolve(p, false)
	if err != nil {
		return "", err
	}
	return f.tree.root.Readlink(at)
}

func (f files) one(p string, follow bool, info fs.FileInfo, err error) (sftp.ListerAt, error) {
	if err != nil {
		return nil, err
	}
	return listing{owned{info, f.ownerOf(p, follow)}}, nil
}

// ownerOf is root's for the lab's own executables, which stand outside the folder.
func (f files) ownerOf(p string, follow bool) owner {
	at, err := f.tree.resolve(p, follow)
	if err != nil {
		return owner{}
	}
	return f.owners.get(at)
}

func (f files) list(p string) (sftp.ListerAt, error) {
	at, err := f.tree.resolve(p, true)
	if err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(f.tree.root.FS(), at)
	if err != nil {
		return nil, err
	}
	var out listing
	for _, e := range entries {
		// What is gone by now is left out.
		if info, err := e.Info(); err == nil {
			out = append(out, owned{info, f.owners.get(path.Join(at, e.Name()))})
		}
	}
	return out, nil
}

// owned is a file with the owner that is recorded for it.
type owned struct {
	fs.FileInfo
	owner owner
}

// Uid and Gid are how the SFTP server asks.
func (o owned) Uid() uint32 { return o.owner.UID } //nolint:revive // the name is sftp.FileInfoUidGid's
func (o owned) Gid() uint32 { return o.owner.GID }

// Sys hides the owner that this machine knows.
func (o owned) Sys() any { return nil }

// ModTime is what SFTP sends, in seconds.
func (o owned) ModTime() time.Time { return o.FileInfo.ModTime().Truncate(time.Second) }

type listing []fs.FileInfo

// ListAt copies from an offset.
func (l listing) ListAt(into []fs.FileInfo, offset int64) (int, error) {
	if offset >= int64(len(l)) {
		return 0, io.EOF
	}
	n := copy(into, l[offset:])
	if n < len(into) {
		return n, io.EOF
	}
	return n, nil
}
