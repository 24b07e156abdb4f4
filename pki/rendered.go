package pki

import (
	"os"
	"path"
	"slices"

	"hardway/artifact"
)

// rendered finds a host whose tree was rendered from a key of the work directory, or holds a public file of that name:
// the cluster may be running on it.
func (s *Store) rendered(key, base string) (node string, found bool) {
	// No hosts/ is no host; a tree that cannot be read is for the render step to report.
	entries, _ := os.ReadDir(s.work.Path(artifact.HostsDir))
	for _, e := range entries {
		tree, _, _ := artifact.LoadTree(s.work, e.Name())
		if slices.ContainsFunc(tree.Files, func(f artifact.File) bool { return f.Source == key || path.Base(f.Path) == base }) {
			return e.Name(), true
		}
	}
	return "", false
}

// gone is what is not made anew, for a host was rendered with what has been there.
func gone(file, node string) error {
	return problem(file, "restore "+workDir+"/ from a backup; delete "+artifact.HostsDir+"/ to start over if the cluster never ran",
		"it is missing, and %s was rendered with one: nothing that runs would accept a new one", path.Join(artifact.HostsDir, node))
}
