package sshd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-crypt/crypt/algorithm/shacrypt"
)

// Account is a user who is not root, known to this server alone: it runs in a mount namespace with its own passwd, shadow,
// group and sudoers, and nothing of that is written into the machine's /etc. Only root can make one.
type Account struct {
	Name, Password string
	// Sudoers is the whole of /etc/sudoers, with USER for the name.
	Sudoers string
}

// home is where the account's authorized_keys stand, on a file system of the namespace.
func (a *Account) home() string { return "/home/" + a.Name }

// errNotRoot is for whoever runs such a test without the rights to.
var errNotRoot = errors.New("a server with an account of its own needs mount namespaces and sudo: run this test as root")

// namespace is a shell script that gives the server, "$@" after the first argument, its own view of /etc. The first argument
// is the directory with the files.
const namespace = `set -e
dir=$1 name=$2; shift 2
for f in passwd shadow group sudoers pam.d/sudo; do mount --bind "$dir/$f" "/etc/$f"; done
for d in /home /run/sudo /var/lib/sudo; do [ ! -d $d ] || mount -t tmpfs -o mode=0755 tmpfs $d; done
mkdir -m 0700 "/home/$name" "/home/$name/.ssh"
cp "$dir/authorized_keys" "/home/$name/.ssh/"
chown -R "$name" "/home/$name"
exec "$@"`

// under is the command that becomes the server.
func (a *Account) under(dir string) []string {
	return []string{"unshare", "--mount", "--propagation", "private", "sh", "-c", namespace, "sh", dir, a.Name}
}

// accountID is a number that no distribution gives out.
const accountID = 64242

// write makes the files that namespace mounts.
func (a *Account) write(dir string) error {
	if os.Geteuid() != 0 {
		return errNotRoot
	}
	if _, err := os.Stat("/etc/pam.d/sudo"); err != nil {
		return fmt.Errorf("there is no sudo here: install it with test/install-tools.sh: %w", err)
	}
	hasher, err := shacrypt.New(shacrypt.WithSHA512(), shacrypt.WithIterations(shacrypt.IterationsMin))
	if err != nil {
		return err
	}
	digest, err := hasher.Hash(a.Password)
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range []struct {
		name, add string
		mode      os.FileMode
	}{
		{"passwd", fmt.Sprintf("%s:x:%d:%d::%s:/bin/sh\n", a.Name, accountID, accountID, a.home()), 0o644},
		{"group", fmt.Sprintf("%s:x:%d:\n", a.Name, accountID), 0o644},
		{"shadow", a.Name + ":" + digest.Encode() + ":20000:0:99999:7:::\n", 0o600},
	} {
		base, err := os.ReadFile("/etc/" + f.name)
		errs = append(errs, err, os.WriteFile(filepath.Join(dir, f.name), append(base, f.add...), f.mode)) //nolint:gosec // into the directory of the test
	}
	sudoers := "root ALL=(ALL:ALL) ALL\n" + strings.ReplaceAll(a.Sudoers, "USER", a.Name) + "\n"
	pam := "auth required pam_unix.so nodelay\naccount required pam_unix.so\nsession required pam_permit.so\n"
	return errors.Join(append(errs,
		os.WriteFile(filepath.Join(dir, "sudoers"), []byte(sudoers), 0o440),
		os.Mkdir(filepath.Join(dir, "pam.d"), 0o755),
		os.WriteFile(filepath.Join(dir, "pam.d", "sudo"), []byte(pam), 0o644),
	)...)
}
