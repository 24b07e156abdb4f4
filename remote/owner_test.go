package remote_test

import (
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"hardway/remote"
)

// me is user:group of whoever runs the test.
func me() string {
	u, err := user.Current()
	if err != nil {
		panic(err)
	}
	g, err := user.LookupGroupId(u.Gid)
	if err != nil {
		panic(err)
	}
	return u.Username + ":" + g.Name
}

// localOwner is user:group in this machine's numbers; false where it does not have them.
func localOwner(name string) (remote.Owner, bool) {
	userName, groupName, _ := strings.Cut(name, ":")
	u, errUser := user.Lookup(userName)
	g, errGroup := user.LookupGroup(groupName)
	if errUser != nil || errGroup != nil {
		return remote.Owner{}, false
	}
	uid, errUID := strconv.Atoi(u.Uid)
	gid, errGID := strconv.Atoi(g.Gid)
	return remote.Owner{UID: uid, GID: gid}, errUID == nil && errGID == nil
}

func mkfifo(t testing.TB, path string) {
	t.Helper()
	must(t, syscall.Mkfifo(path, 0o600))
}
