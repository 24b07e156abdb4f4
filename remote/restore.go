package remote

import (
	"path"
	"slices"
	"strings"
)

// etcdutl is etcd's tool for data of a member that does not run.
const etcdutl = "/usr/local/bin/etcdutl"

// EtcdRestore makes the data directory of a member from a snapshot; flags say which member of which cluster.
func EtcdRestore(snapshot, dataDir string, flags ...string) Command {
	return Command{Name: etcdutl, Args: append([]string{"snapshot", "restore", snapshot, "--data-dir=" + dataDir}, flags...)}
}

func (c Command) restores() bool {
	return len(c.Args) > 3 && slices.Equal(c.Args[:2], []string{"snapshot", "restore"}) && isPath(c.Args[2]) &&
		strings.HasPrefix(c.Args[3], "--data-dir=/") && !slices.ContainsFunc(c.Args[4:], isNoFlag)
}

func isNoFlag(word string) bool { return !strings.HasPrefix(word, "--") }

// OwnAll gives a directory and all that is in it to an owner, user:group.
func OwnAll(dir, owner string) Command {
	return Command{Name: "chown", Args: []string{"-R", "--", owner, dir}}
}

// ownDirectory begins the names of directories that hardway makes for itself: only such are taken off with all below them.
const ownDirectory = ".hardway-"

// RemoveAll takes directories of hardway's own off, with all that is in them.
func RemoveAll(dirs ...string) Command {
	return Command{Name: "rm", Args: append([]string{"-rf", "--"}, dirs...)}
}

func isNoOwnDirectory(word string) bool {
	return isNoPath(word) || path.Clean(word) != word || !strings.HasPrefix(path.Base(word), ownDirectory)
}
