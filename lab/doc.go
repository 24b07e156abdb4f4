// Package lab is hosts on this machine, to rehearse and to demonstrate on: each with an SSH server on a loopback address
// of its own, a folder that stands for its disk, and a stand-in for systemd that starts what delivered units say. Nothing
// outside the folders is ever written, and no right is needed that an ordinary user lacks.
//
// # SSH
//
// Public keys only, for root only. Commands are those that package remote knows, with their paths mapped into the host's
// folder; any other line exits 127. SFTP is rooted in the folder and behaves like OpenSSH's server: a plain rename over a
// file fails, posix-rename@openssh.com replaces, fsync@openssh.com works on files and directories. Connections are
// forwarded to loopback addresses and to sockets below the folder. One thing differs: attributes and fsync of an open
// handle go by the path it was opened at, so they fail after a rename.
//
// Owners are recorded, never set: chown over SFTP, and who owns what a unit's directories, are remembered beside the
// folder and resolved against the folder's own /etc/passwd and /etc/group, where systemd-sysusers declares users.
//
// # The machine
//
// /proc and /sys are files in a folder of their own, kernel/ beside root/: two CPUs, 4 GiB, no swap, every module and
// setting that Kubernetes wants, control groups of version 2. The script that asks a host for its facts runs there as it
// would on a machine, and sees the host's hostname and machine-id, its units' processes and what stands on its disk. What
// it sees of this machine is its sockets, its routes, the architecture, and the room and speed of the disk below the
// folder. A host is told to listen on loopback addresses only.
//
// # Units
//
// Units are read as systemd reads them: /etc/systemd/system over /usr/lib/systemd/system, drop-ins, once, until
// daemon-reload. Of [Service] these count: Type (simple, exec, notify, oneshot), ExecStart and its Pre and Post,
// ExecReload, ExecStop and its Post, Environment, EnvironmentFile, User and Group (must exist, are not switched to),
// WorkingDirectory, Restart, RestartSec, TimeoutStartSec, TimeoutStopSec, KillSignal, KillMode, RemainAfterExit,
// SuccessExitStatus and the five kinds of directories; of [Unit] the limits of starts and the assertions in assert.go.
// Every argument and variable that is a path is mapped into the folder; a URL is not. Where an argument is a file below
// /etc whose text names paths of the host, the program is given a copy, kept beside the folder, in which these are mapped
// too, and so on for files that are named there; copies are made anew at each start and reload. Any other file is given
// as it stands, so that what a program reads again by itself (certificates) it finds changed. A socket whose path would be
// too long is named by way of the working directory. What cannot be done but decides how a process starts (another Type,
// RootDirectory, ...) refuses the start, with the reason in the unit's log. Auxiliary commands are rm, mkdir, kill and
// true, done within the folder, and programs that stand in it.
//
// What it does not do: sandboxing, resource limits, UMask, capabilities and cgroups; dependencies and order between
// units; sockets, timers, targets other than multi-user.target; the journal (each unit has a log file). Paths in files
// outside of /etc, and in the files of a directory, are not mapped.
//
// # Packages
//
// A host may have packages of its distribution: their units and directories, and this machine's own programs. HAProxy's
// configuration loses what only root may do: chroot, user and group.
package lab
