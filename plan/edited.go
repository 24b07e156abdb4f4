package plan

import (
	"github.com/rogpeppe/go-internal/diff"

	"hardway/artifact"
)

// editDifference shows what a hand changed in a rendered file as a unified diff; same is true when the edit is what
// would be rendered now anyway.
func editDifference(w *artifact.WorkDir, d artifact.Drift, wanted artifact.File) (text string, same bool, err error) {
	onDisk, err := artifact.ReadAll(w.File(artifact.TreePath(d.Node, d.Path)))
	if err != nil {
		return "", false, err
	}
	rendered, err := artifact.ReadAll(wanted.Content)
	if err != nil {
		return "", false, err
	}
	text = string(diff.Diff("rendered", rendered, "standing", onDisk))
	return text, text == "", nil
}
