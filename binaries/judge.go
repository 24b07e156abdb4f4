package binaries

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"hardway/artifact"
	"hardway/cluster"
)

// State is how an executable stands in binaries.dir.
type State string

// The states. Unknown is an executable that says of itself neither what it is nor was fetched: it is taken as it is.
const (
	OK      State = "ok"
	Missing State = "missing"
	Wrong   State = "wrong"
	Unknown State = "unknown"
)

// Row is what there is of an executable, and whether it is what the spec wants.
type Row struct {
	Name    string `json:"name"`
	Project string `json:"project"`
	// Version and Arch are what the spec wants.
	Version string `json:"version"`
	Arch    string `json:"arch"`
	// File is where it stands, relative to the work directory; HostPath where hosts have it.
	File     string `json:"file"`
	HostPath string `json:"hostPath"`
	// Size is in bytes. Size and SHA256 are empty for what is missing.
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	State  State  `json:"state"`
	// Reason says what is wrong, or how it is known to be right.
	Reason string `json:"reason"`
	URL    string `json:"url"`
}

// Judge looks at an executable in binaries.dir. An error is what could not be looked at.
func Judge(w *artifact.WorkDir, spec *cluster.Spec, b Binary) (Row, error) {
	row := Row{
		Name: b.Name, Project: b.Project, Version: b.Version, Arch: b.Arch, URL: b.URL.Redacted(),
		File: filepath.Join(spec.Binaries.Dir, filepath.FromSlash(b.Name)), HostPath: Path(b.Name),
	}
	info, err := os.Stat(w.Path(row.File))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		row.State, row.Reason = Missing, "is missing"
		return row, nil
	case err != nil:
		return row, fmt.Errorf("failed to look for executable: %w", err)
	case !info.Mode().IsRegular():
		row.State, row.Reason = Wrong, "is no regular file"
		return row, nil
	case info.Size() == 0:
		row.State, row.Reason = Wrong, "is empty"
		return row, nil
	}
	row.Size = info.Size()
	if row.SHA256, err = w.File(row.File).SHA256(); err != nil {
		return row, fmt.Errorf("failed to read executable: %w", err)
	}
	fetched, err := readRecord(w.Path(recordPath(spec, b)))
	if err != nil {
		return row, err
	}
	row.State, row.Reason = verdict(b, row.SHA256, fetched, stampOf(w.Path(row.File), b.module))
	return row, nil
}

// verdict weighs what an executable says of itself, and what it was when it was fetched: what was fetched and has changed
// since is not trusted, whatever it says.
func verdict(b Binary, sum string, fetched record, says stamp) (State, string) {
	switch {
	case says.arch != "" && says.arch != b.Arch:
		return Wrong, fmt.Sprintf("is made for %s, the spec says %s", says.arch, b.Arch)
	case says.version != "" && says.version != b.Version:
		return Wrong, fmt.Sprintf("is %s, the spec says %s", says.version, b.Version)
	case fetched == (record{}) && says.version == "":
		return Unknown, "does not say which version it is, and was not fetched"
	case fetched == (record{}):
		return OK, "says that it is " + says.version
	case fetched.SHA256 != sum:
		return Wrong, "is not what was fetched any more"
	case fetched.Version != b.Version || fetched.Arch != b.Arch:
		return Wrong, fmt.Sprintf("was fetched as %s for %s, the spec says %s for %s", fetched.Version, fetched.Arch, b.Version, b.Arch)
	}
	return OK, "was fetched and verified"
}

// Problem is what is wrong with it, and what to try.
func (r Row) Problem(spec *cluster.Spec) cluster.Problem {
	p := cluster.Problem{
		Subject: r.File, Message: r.Reason,
		Hint: fmt.Sprintf("`hardway binaries fetch` gets %s %s, or put it there yourself", filepath.Base(r.Name), r.Version),
	}
	if r.State == Wrong {
		p.Hint += fmt.Sprintf(" and remove %s if there is one", recordPath(spec, Binary{Name: r.Name}))
	}
	return p
}
