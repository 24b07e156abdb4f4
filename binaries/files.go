package binaries

import (
	"fmt"
	"path"
	"strings"

	"hardway/artifact"
	"hardway/cluster"
)

const (
	// HostDir is where executables stand on hosts.
	HostDir = "/usr/local/bin"
	// CNIDir is where CNI plugins do that are delivered; packages of distributions have places of their own.
	CNIDir = "/opt/cni/bin"
)

// Path is where an executable of binaries.dir stands on a host, as in /usr/local/bin/etcd, and cni/bridge in
// /opt/cni/bin/bridge.
func Path(name string) string {
	if plugin, ok := strings.CutPrefix(name, CNIPrefix); ok {
		return path.Join(CNIDir, plugin)
	}
	return path.Join(HostDir, name)
}

// Files is the named executables of a component as files for a host, in the order of the names: those that stand in the
// spec's binaries.dir, which is relative to the work directory. A name without a file there is left to whoever puts it on
// the host. One that is known to be of another version or architecture than the spec's, or not to be what was fetched, is
// refused: all of them in one go. The bytes are read only at delivery.
func Files(w *artifact.WorkDir, spec *cluster.Spec, component string, names ...string) ([]artifact.File, error) {
	var files []artifact.File
	var problems cluster.Problems
	for _, name := range names {
		b, ok := known(spec, name)
		if !ok {
			return nil, fmt.Errorf("failed to find executable %q: no project is known to release it", name)
		}
		row, err := Judge(w, spec, b)
		switch {
		case err != nil:
			return nil, err
		case row.State == Wrong:
			problems = append(problems, row.Problem(spec))
		case row.State != Missing:
			files = append(files, artifact.File{
				Path: row.HostPath, Mode: 0o755, Source: row.File, Component: component, Content: w.File(row.File),
			})
		}
	}
	return files, problems.OrNil()
}
