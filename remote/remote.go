package remote

import (
	"context"
	"io"
	"io/fs"
	"net"
	"time"

	"hardway/artifact"
)

// Looker can only look at a host: checks and differences get nothing else.
type Looker interface {
	// Host is the node's name.
	Host() string
	// Look answers the whole question in two round trips: channel and command. Where the host cannot answer all of it, the
	// rest of the answer comes with the error.
	Look(ctx context.Context, q Query) (State, error)
	// ReadFile is the content of a file; fs.ErrNotExist (wrapped) where there is none.
	ReadFile(ctx context.Context, path string) ([]byte, error)
	// Open is a file to read from, for what is too large to be held in memory. Ending the context ends the reading.
	Open(ctx context.Context, path string) (io.ReadCloser, error)
	// List is what stands in a directory, in the order of the names; nothing where it is missing.
	List(ctx context.Context, dir string) ([]Entry, error)
	// Dial opens a connection from the host, through the SSH connection.
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	// Ask runs a fixed script that only looks, and gives what it printed.
	Ask(ctx context.Context, s Script) ([]byte, error)
	// Listen has the host take connections on each address (host:port) until it is closed or the connection ends, so that
	// others can be asked whether they get there. Nobody answers on them and nothing is left.
	Listen(ctx context.Context, addresses []string) (io.Closer, error)
}

// Changer can also change a host.
type Changer interface {
	Looker
	// Stage writes files next to where they will stand, each with its final owner and mode before its first byte, synced
	// and verified by digest on the far side. Nothing that runs sees them yet.
	Stage(ctx context.Context, files []artifact.File) (Staged, error)
	// Keep puts what stands on the host aside before it is replaced.
	Keep(ctx context.Context, k Keeping) error
	// Rename gives a directory another name, at once and to last.
	Rename(ctx context.Context, from, to string) error
	// Sweep takes off directories with the files in them: those that a run which was cut off left staged, and what was kept
	// for long enough.
	Sweep(ctx context.Context, dirs []string) error
	// TakeLock makes a file that only one can make; where another was first, that one's is returned. The further three see,
	// renew and take off such a lock. scratch is a name that nobody else uses.
	TakeLock(ctx context.Context, file, scratch string, data []byte) (held *Lock, err error)
	SeeLock(ctx context.Context, file, scratch string) (*Lock, error)
	RenewLock(ctx context.Context, file string, data []byte) error
	DropLock(ctx context.Context, file, scratch string, data []byte) error
	// Hold gets ready to stop a unit's main process for a moment.
	Hold(ctx context.Context, unit string) (Hold, error)
	// Do runs one of the fixed commands; its error carries the command's standard error.
	Do(ctx context.Context, c Command) error
}

// Staged is files that wait on a host.
type Staged interface {
	// Commit renames every staged file into place, a key and its certificate back to back, and syncs the directories.
	Commit(ctx context.Context) error
	// Discard takes the staged files off again.
	Discard(ctx context.Context) error
}

// Entry is a name in a directory, and when what it names was last written, by the host's own clock.
type Entry struct {
	Name    string
	Changed time.Time
}

// Hold is a process that can be stopped for a moment.
type Hold interface {
	// Stop stops it: SIGSTOP has been sent when it returns. It goes on when this is closed, when the connection ends, whatever
	// becomes of the session, and after HoldLimit at the latest.
	Stop(ctx context.Context) error
	// Close lets it go on.
	Close() error
}

// Query is what to look at.
type Query struct {
	Paths  []string
	Units  []string
	Owners []string
}

// State is what a host answered.
type State struct {
	Paths map[string]PathState
	Units map[string]UnitState
	// Owners has an entry for each asked user:group that exists on the host.
	Owners map[string]Owner
	// Trouble is what the host could not answer, in its tools' own words: a path it may not read, a systemd that does not
	// answer. Units that could not be asked about have no entry in Units, and so have all units of a host that was not
	// booted with systemd: nothing runs there.
	Trouble []string
}

// Owner is user:group in a host's own numbers.
type Owner struct{ UID, GID int }

// PathState is what stands at a path.
type PathState struct {
	Exists bool
	IsDir  bool
	// Empty is for directories.
	Empty bool
	Mode  fs.FileMode
	Owner string
	// Size is in bytes.
	Size int64
	// SHA256 is in lower-case hex, empty for what is no regular file.
	SHA256 string
}

// UnitState is what systemd says of a unit, and the inputs its main process was started with.
type UnitState struct {
	// Load is loaded, not-found, masked; Active is active, inactive, failed, activating, deactivating, reloading.
	Load, Active, Sub string
	Enabled           string
	// NeedReload: the unit's files changed since systemd read them (NeedDaemonReload).
	NeedReload bool
	MainPID    int
	// Inputs is HARDWAY_INPUTS of the main process; empty without one.
	Inputs string
}

// Running reports whether the unit has a live main process.
func (u UnitState) Running() bool { return u.MainPID > 0 }

// Command is one fixed thing hardway asks of a host.
type Command struct {
	Name string
	Args []string
}

// Systemctl asks systemd for something. With it and the few commands below goes SFTP, and nothing else.
func Systemctl(verb string, units ...string) Command {
	return Command{Name: "systemctl", Args: append([]string{verb}, units...)}
}

// Sysusers makes the users and groups that a sysusers.d file declares.
func Sysusers(path string) Command { return Command{Name: "systemd-sysusers", Args: []string{path}} }

// HAProxyCheck has the host's HAProxy read a configuration and say whether it could run on it.
func HAProxyCheck(path string) Command {
	return Command{Name: "haproxy", Args: []string{"-c", "-q", "-f", path}}
}

// Remove takes files off a host.
func Remove(paths ...string) Command {
	return Command{Name: "rm", Args: append([]string{"-f", "--"}, paths...)}
}
