package manifests

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/pki"
)

// Plan decides about manifests/ in the work directory: the files to write, and those that stand there for sets which the
// spec no longer wants.
func Plan(w *artifact.WorkDir, spec *cluster.Spec) (plan artifact.Plan, gone []string, err error) {
	given, err := From(spec, pki.Open(w, spec))
	if err != nil {
		return plan, nil, err
	}
	for _, set := range Sets {
		have, err := os.ReadFile(w.Path(set.File()))
		missing := errors.Is(err, fs.ErrNotExist)
		if err != nil && !missing {
			return plan, nil, fmt.Errorf("failed to read a manifest: %w", err)
		}
		if !set.Wanted(spec) {
			if !missing {
				gone = append(gone, set.File())
			}
			continue
		}
		want, err := set.Render(spec, given)
		switch {
		case err != nil:
			return plan, nil, err
		case missing:
			plan.Write(artifact.Local{Path: set.File(), Mode: 0o644, Data: want}, "missing")
		case !bytes.Equal(have, want):
			plan.Write(artifact.Local{Path: set.File(), Mode: 0o644, Data: want}, "the spec or hardway changed, or it was edited")
		default:
			plan.Keep(set.File(), "is up to date")
		}
	}
	return plan, gone, nil
}

// Render is the set's file for a cluster.
func (s Set) Render(spec *cluster.Spec, given Given) ([]byte, error) {
	objects, err := s.Objects(spec, given)
	if err != nil {
		return nil, err
	}
	return encode(header+"# "+s.Name+": "+s.What+".\n"+s.besides(spec), objects)
}

// Outdated is a problem for each file that is not what the spec gives now: what is applied could be reviewed, or is not
// applied.
func Outdated(w *artifact.WorkDir, spec *cluster.Spec) error {
	plan, gone, err := Plan(w, spec)
	if err != nil {
		return err
	}
	var problems cluster.Problems
	add := func(file, message string) {
		problems = append(problems, cluster.Problem{Subject: file, Message: message, Hint: "run `hardway render manifests`, and look at what it changes"})
	}
	for _, f := range plan.Files {
		add(f.Path, "is not what cluster.yaml gives now")
	}
	for _, file := range gone {
		add(file, "is of a set that cluster.yaml no longer asks for")
	}
	return problems.OrNil()
}
