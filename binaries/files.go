package binaries

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"hardway/artifact"
	"hardway/cluster"
)

// HostDir is where executables stand on hosts.
const HostDir = "/usr/local/bin"

// Path is where an executable stands on a host, as in /usr/local/bin/etcd.
func Path(name string) string { return path.Join(HostDir, name) }

// Files is the named executables of a component as files for a host, in the order of the names: those that stand in the
// spec's binaries.dir, which is relative to the work directory. A name without a file there is left to whoever puts it on
// the host. The bytes are read only at delivery. An error names the file that is no executable or cannot be read.
func Files(w *artifact.WorkDir, spec *cluster.Spec, component string, names ...string) ([]artifact.File, error) {
	var files []artifact.File
	for _, name := range names {
		source := filepath.Join(spec.Binaries.Dir, name)
		there, err := stands(w.Path(source))
		if err != nil {
			return nil, err
		}
		if there {
			files = append(files, artifact.File{
				Path: Path(name), Mode: 0o755, Source: source, Component: component, Content: w.File(source),
			})
		}
	}
	return files, nil
}

func stands(local string) (bool, error) {
	info, err := os.Stat(local)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("failed to look for executable: %w", err)
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("failed to take executable %s: it is no regular file", local)
	case info.Size() == 0:
		return false, fmt.Errorf("failed to take executable %s: it is empty", local)
	}
	return true, nil
}
