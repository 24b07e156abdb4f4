package crash

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// tree is what stands below a directory, files by their path in it.
type tree map[string]entry

type entry struct {
	data string
	mode fs.FileMode
	// reachable: every directory on the way lets others through.
	reachable bool
}

// local and far staging directories.
const (
	localStaging = ".staging"
	farStaging   = ".hardway-stage"
)

// lookAt is what stands below some of the directories in root, all of root where none is named.
func lookAt(root string, dirs ...string) (tree, error) {
	seen := tree{}
	if len(dirs) == 0 {
		return seen, seen.add(root, ".")
	}
	for _, dir := range dirs {
		if err := seen.add(root, dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return seen, nil
}

func (t tree) add(root, dir string) error {
	shut := map[string]bool{}
	return filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if d.IsDir() {
			// The root itself is open, as a person's may be.
			shut[path] = path != root && (shut[filepath.Dir(path)] || info.Mode()&0o011 == 0)
		}
		name, _ := filepath.Rel(root, path)
		e := entry{mode: info.Mode(), reachable: !shut[filepath.Dir(path)]}
		if d.Type().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			e.data = string(data)
		}
		t[name] = e
		return nil
	})
}

// secrets is how private keys and other secrets look, also when only a part of one stands there.
var secrets = regexp.MustCompile(`PRIVATE KEY|client-key-data|secret: [A-Za-z0-9+/=]{20}|LS0tLS1CRUdJTi`)

// private is an error for each secret that others can read. group says which its group may read.
func (t tree) private(group func(path string) bool) error {
	var errs []error
	for path, e := range t {
		others := fs.FileMode(0o077)
		if group(path) {
			others = 0o037
		}
		if e.mode.IsRegular() && e.mode.Perm()&others != 0 && e.reachable && secrets.MatchString(e.data) {
			errs = append(errs, fmt.Errorf("others can read the secret in %s, mode %v", path, e.mode))
		}
	}
	return errors.Join(errs...)
}

// nobody but root reads secrets in a work directory; on a host the user etcd reads its own.
func nobody(string) bool         { return false }
func etcdGroup(path string) bool { return strings.HasPrefix(path, "etc/etcd/") }

// unfinished: the run that was killed had written everything, and was putting it in place; the next run goes on with it.
func (t tree) unfinished() bool {
	_, stands := t[localStaging+"/journal.json"]
	return stands
}

// matching is an error for each key that is not its certificate's. A half alone is not used by anything.
func (t tree) matching() error {
	if t.unfinished() {
		return nil
	}
	var errs []error
	for path, key := range t {
		stem, isKey := strings.CutSuffix(path, ".key")
		certificate, ok := t[stem+".crt"]
		if !isKey || !ok || staged(path) {
			continue
		}
		if _, err := tls.X509KeyPair([]byte(certificate.data), []byte(key.data)); err != nil {
			errs = append(errs, fmt.Errorf("%s is not the key of %s.crt: %w", path, stem, err))
		}
	}
	return errors.Join(errs...)
}

// whole is an error for each file that is neither as it was before the run nor as it is after the rerun: torn, or a secret
// that the rerun made once more.
func (t tree) whole(before, after tree) error {
	var errs []error
	for path, e := range t {
		if staged(path) || own(path) || path == armed && e.data == arming || !e.mode.IsRegular() {
			continue
		}
		old, was := before[path]
		new, stays := after[path]
		if (!was || old != e) && (!stays || new != e) {
			errs = append(errs, fmt.Errorf("%s (%d bytes, %v) is neither what was there before nor what the rerun left", path, len(e.data), e.mode))
		}
	}
	for path, e := range before {
		_, here := t[path]
		_, stays := after[path]
		if e.mode.IsRegular() && !here && stays {
			errs = append(errs, fmt.Errorf("%s was gone", path))
		}
	}
	return errors.Join(errs...)
}

// same is an error for each file that is not as after a run that nothing happened to. What was kept on the way differs.
func (t tree) same(want tree) error {
	var errs []error
	for path, e := range t {
		if w, ok := want[path]; !own(path) && (!ok || w.data != e.data || w.mode != e.mode) {
			errs = append(errs, fmt.Errorf("%s (%d bytes, %v) is not as after a run to which nothing happened", path, len(e.data), e.mode))
		}
	}
	for path := range want {
		if _, ok := t[path]; !ok && !own(path) {
			errs = append(errs, fmt.Errorf("%s is missing", path))
		}
	}
	return errors.Join(errs...)
}

// clean is an error for each thing that is left of a run that was not finished.
func (t tree) clean() error {
	var errs []error
	for path := range t {
		if left(path) {
			errs = append(errs, fmt.Errorf("%s is left", path))
		}
	}
	return errors.Join(errs...)
}

func staged(path string) bool {
	return slices.ContainsFunc(strings.Split(path, "/"), func(p string) bool { return p == localStaging || p == farStaging })
}

// armed says that a member may begin a new cluster; it goes when the member is ready.
const (
	armed  = "run/hardway/etcd-bootstrap.env"
	arming = "ETCD_INITIAL_CLUSTER_STATE=new\n"
)

// What hardway keeps on hosts for itself: what was replaced, and the lock with the directory that it is written in.
const (
	generations = "var/lib/hardway/generations"
	hostLock    = "var/lib/hardway/lock"
	lockScratch = "var/lib/hardway/.hardway-lock"
	// originalDraft is the record of how the host was before hardway, while it is written.
	originalDraft = "var/lib/hardway/original/record.json.new"
)

func own(path string) bool {
	return strings.HasPrefix(path, generations) || strings.HasPrefix(path, lockScratch) || path == hostLock || path == originalDraft
}

// left is what only a run that was not finished leaves.
func left(path string) bool {
	return staged(path) || strings.HasPrefix(path, generations+"/unfinished") || path == hostLock || strings.HasPrefix(path, lockScratch) || path == originalDraft
}
