package etcd

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"hardway/artifact"
	"hardway/binaries"
	"hardway/cluster"
	"hardway/pki"
)

// Component is what files of this package say of themselves.
const Component = "etcd"

// Where a member lives on its host.
const (
	Unit    = "etcd.service"
	Binary  = binaries.HostDir + "/etcd"
	DataDir = "/var/lib/etcd"
	// LogDir holds the write-ahead log: a member that has one was part of a cluster.
	LogDir = DataDir + "/member/wal"
	// SysusersPath declares the user and the group etcd.
	SysusersPath = "/etc/sysusers.d/hardway.conf"
)

// Binaries names the executables that an etcd host is given.
func Binaries() []string { return []string{"etcd", "etcdctl", "etcdutl"} }

// owner is user and group of a member.
const owner = "etcd:etcd"

// Files is everything a node holds to be an etcd member, sorted by path; nothing for a node without that role. The same
// spec and store give the same bytes. An error names what is missing in the work directory.
func Files(spec *cluster.Spec, node cluster.Node, store *pki.Store) ([]artifact.File, error) {
	if !node.Has(cluster.RoleEtcd) {
		return nil, nil
	}
	files, err := store.Files(node, Component)
	if err != nil {
		return nil, err
	}
	executables, err := binaries.Files(store.WorkDir(), spec, Component, Binaries()...)
	if err != nil {
		return nil, err
	}
	snapshots, err := snapshotFiles(spec, node)
	if err != nil {
		return nil, fmt.Errorf("failed to render the snapshots of %s: %w", node.Name, err)
	}
	files = slices.Concat(files, ground(), executables, snapshots)
	service, err := service(spec, node)
	if err != nil {
		return nil, fmt.Errorf("failed to render %s of %s: %w", Unit, node.Name, err)
	}
	unit, err := service.File(Component, files, Reads(spec, node))
	if err != nil {
		return nil, err
	}
	files = append(files, unit)
	slices.SortFunc(files, func(a, b artifact.File) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}

// ground is what has to be there before a member: its user and its data directory, which CIS wants 0700 and etcd's own.
func ground() []artifact.File {
	users := "u etcd - \"etcd key-value store\" " + DataDir + " /usr/sbin/nologin\n"
	return []artifact.File{
		{Path: SysusersPath, Mode: 0o644, Component: Component, Content: artifact.Bytes([]byte(users))},
		{Path: DataDir, Mode: fs.ModeDir | 0o700, Owner: owner, Component: Component},
	}
}

// DataDirs is where members keep what they make themselves. Snapshots are not among it: they are for after them.
func DataDirs() []string { return []string{DataDir, path.Dir(BootstrapPath)} }
