package remote

import (
	_ "embed"
	"path"
	"regexp"
	"slices"
	"strings"
)

// KubeProxy is the program that knows the rules of Services, and takes them off again.
const KubeProxy = "/usr/local/bin/kube-proxy"

// CleanUpServices takes off the rules of Services, of whichever kind.
func CleanUpServices() Command { return Command{Name: KubeProxy, Args: []string{"--cleanup"}} }

// unmountScript takes off what is mounted below the directory that is its argument, the deepest first; not the directory
// itself.
//
//go:embed unmount.sh
var unmountScript string

const unmountName = scriptPrefix + "unmount"

// UnmountBelow takes off what is mounted below a directory.
func UnmountBelow(dir string) Command {
	return Script{Name: unmountName, Text: unmountScript, Args: []string{dir}}.Command()
}

// unlinkScript takes off the network device that is its argument, where there is one, and the chains that kubelets and CNI
// plugins leave to iptables, which nobody else takes off; tables that hold nothing then go, too.
//
//go:embed unlink.sh
var unlinkScript string

const unlinkName = scriptPrefix + "unlink"

// Unlink takes a network device off.
func Unlink(device string) Command {
	return Script{Name: unlinkName, Text: unlinkScript, Args: []string{device}}.Command()
}

// Empty takes all off that is in a directory, also in one that a link leads to, on its own file system: what is mounted there
// is not gone into, and an error.
func Empty(dir string) Command {
	return Command{Name: "find", Args: []string{"-H", dir, "-xdev", "-mindepth", "1", "-delete"}}
}

// TakeOff takes off a file, or a directory with all that is in it, on its own file system; of a link only that.
func TakeOff(at string) Command { return Command{Name: "find", Args: []string{at, "-xdev", "-delete"}} }

// RemoveFiles takes the files off that match a pattern in its last word, in that directory alone.
func RemoveFiles(pattern string) Command {
	dir, name := path.Split(pattern)
	return Command{Name: "find", Args: []string{"-H", path.Clean(dir), "-xdev", "-maxdepth", "1", "-type", "f", "-name", name, "-delete"}}
}

// RemoveDirs takes directories off that are empty, and leaves others.
func RemoveDirs(dirs ...string) Command {
	return Command{Name: "rmdir", Args: append([]string{"--ignore-fail-on-non-empty", "--"}, dirs...)}
}

// RemoveUser takes a user of the system off, with the group of its name.
func RemoveUser(name string) Command { return Command{Name: "userdel", Args: []string{"--", name}} }

var systemUser = regexp.MustCompile(`^[a-z_][a-z0-9_-]*$`)

// leaves: the command is one of those above.
func (c Command) leaves() bool {
	switch c.Name {
	case KubeProxy:
		return slices.Equal(c.Args, CleanUpServices().Args)
	case "find":
		return c.finds()
	case "rmdir":
		return len(c.Args) > 2 && slices.Equal(c.Args, RemoveDirs(c.Args[2:]...).Args) && !slices.ContainsFunc(c.Args[2:], isNoPath)
	case "userdel":
		return len(c.Args) == 2 && c.Args[0] == "--" && systemUser.MatchString(c.Args[1]) && c.Args[1] != "root"
	}
	return false
}

func (c Command) finds() bool {
	switch len(c.Args) {
	case len(TakeOff("").Args):
		return isDeep(c.Args[0]) && slices.Equal(c.Args, TakeOff(c.Args[0]).Args)
	case len(Empty("").Args):
		return isDeep(c.Args[1]) && slices.Equal(c.Args, Empty(c.Args[1]).Args)
	case len(RemoveFiles("").Args):
		return isDeep(c.Args[1]) && slices.Equal(c.Args, RemoveFiles(c.Args[1]+"/"+c.Args[8]).Args)
	}
	return false
}

// isDeep: the directory is none that a whole system lives in, such as /var/lib.
func isDeep(dir string) bool {
	return isPath(dir) && path.Clean(dir) == dir && (strings.Count(dir, "/") > 2 || strings.HasPrefix(dir, "/run/"))
}
