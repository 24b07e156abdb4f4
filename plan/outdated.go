package plan

import (
	"fmt"
	"maps"
	"slices"

	"hardway/artifact"
	"hardway/cluster"
)

// outdated is a problem when what stands in hosts/<node> is not what would be rendered now: the spec has moved on, or a
// hand has been in the manifest. What is shipped is derived, and could be reviewed, or is not shipped at all.
func outdated(l loaded, read func() (sources, error)) ([]cluster.Problem, error) {
	from, err := read()
	if err != nil {
		return nil, err
	}
	wanted, err := from.tree(artifact.Tree{Node: l.node.Name}, l.node, presentIn([]loaded{l}))
	if err != nil {
		return nil, err
	}
	have, err := fingerprints(l.tree)
	if err != nil {
		return nil, err
	}
	want, err := fingerprints(wanted)
	if err != nil {
		return nil, err
	}
	differs := slices.Sorted(func(yield func(string) bool) {
		for path := range union(have, want) {
			if have[path] != want[path] && !yield(path) {
				return
			}
		}
	})
	if len(differs) == 0 {
		return nil, nil
	}
	return []cluster.Problem{{
		Host: l.node.Name, Subject: artifact.TreePath(l.node.Name, artifact.ManifestName),
		Message: fmt.Sprintf("is not what cluster.yaml and pki/ give now: %s of other content, mode or owner, beginning with %s", count(len(differs), "file"), differs[0]),
		Hint:    "run `hardway render all`, and look at what it changes",
	}}, nil
}

func union(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// fingerprints is everything that counts of each file, in one line.
func fingerprints(tree artifact.Tree) (map[string]string, error) {
	out := map[string]string{}
	for _, f := range tree.Files {
		line := fmt.Sprintf("%v %s %v %s %s", f.Mode, f.OwnerOrRoot(), f.Secret, f.Source, f.Component)
		if !f.IsDir() {
			sum, err := f.Content.SHA256()
			if err != nil {
				return nil, fmt.Errorf("failed to read what %s should hold on %s: %w", f.Path, tree.Node, err)
			}
			line += " " + sum
		}
		out[f.Path] = line
	}
	return out, nil
}
