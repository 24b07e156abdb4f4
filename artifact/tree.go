package artifact

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// HostsDir holds one tree per node, below the work directory; ManifestName is each tree's table of contents.
const (
	HostsDir     = "hosts"
	ManifestName = ".manifest.json"
)

// Tree is everything that should stand on one host.
type Tree struct {
	Node  string
	Files []File
}

// manifest is hosts/<node>/.manifest.json.
type manifest struct {
	APIVersion string  `json:"apiVersion"`
	Kind       string  `json:"kind"`
	Node       string  `json:"node"`
	Files      []entry `json:"files"`
}

type entry struct {
	Path      string `json:"path"`
	Mode      string `json:"mode"`
	Owner     string `json:"owner"`
	Directory bool   `json:"directory,omitempty"`
	SHA256    string `json:"sha256,omitempty"`
	Secret    bool   `json:"secret,omitempty"`
	Source    string `json:"source,omitempty"`
	Component string `json:"component"`
}

// TreePath is where a host's file stands in the work directory.
func TreePath(node, path string) string { return filepath.Join(HostsDir, node, path) }

// Drift is a rendered file that is no longer what was rendered: edited by hand, gone, or its source has changed since.
type Drift struct {
	Node, Path string
	// Source is set where the bytes come from elsewhere in the work directory.
	Source string
	// Gone: the file is missing.
	Gone bool
}

// LoadTree reads what was rendered for a node, and every way in which the files no longer are what was rendered. A node
// that was never rendered gives an empty tree.
func LoadTree(w *WorkDir, node string) (Tree, []Drift, error) {
	data, err := os.ReadFile(w.Path(TreePath(node, ManifestName)))
	if errors.Is(err, fs.ErrNotExist) {
		return Tree{Node: node}, nil, nil
	}
	if err != nil {
		return Tree{}, nil, err
	}
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return Tree{}, nil, fmt.Errorf("failed to read %s: %w", w.Path(TreePath(node, ManifestName)), err)
	}
	tree := Tree{Node: node}
	var drifts []Drift
	for _, e := range m.Files {
		f, err := e.file(w, node)
		if err != nil {
			return Tree{}, nil, err
		}
		tree.Files = append(tree.Files, f)
		drift, err := e.drift(f, node)
		if err != nil {
			return Tree{}, nil, err
		}
		if drift != nil {
			drifts = append(drifts, *drift)
		}
	}
	return tree, drifts, nil
}

func (e entry) file(w *WorkDir, node string) (File, error) {
	var mode fs.FileMode
	if _, err := fmt.Sscanf(e.Mode, "%o", &mode); err != nil {
		return File{}, fmt.Errorf("failed to read mode %q of %s: %w", e.Mode, e.Path, err)
	}
	f := File{Path: e.Path, Mode: mode, Owner: e.Owner, Secret: e.Secret, Source: e.Source, Component: e.Component}
	switch {
	case e.Directory:
		f.Mode |= fs.ModeDir
	case e.Source != "":
		f.Content = w.File(e.Source)
	default:
		f.Content = w.File(TreePath(node, e.Path))
	}
	return f, nil
}

func (e entry) drift(f File, node string) (*Drift, error) {
	if f.IsDir() {
		return nil, nil
	}
	sum, err := f.Content.SHA256()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if sum == e.SHA256 {
		return nil, nil
	}
	return &Drift{Node: node, Path: e.Path, Source: e.Source, Gone: err != nil}, nil
}

// Replace is the tree with one component's files exchanged for others; the rest stays.
func (t Tree) Replace(component string, files []File) Tree {
	kept := slices.DeleteFunc(slices.Clone(t.Files), func(f File) bool { return f.Component == component })
	out := Tree{Node: t.Node, Files: append(kept, files...)}
	slices.SortFunc(out.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// Of is the files of one component.
func (t Tree) Of(component string) []File {
	return slices.DeleteFunc(slices.Clone(t.Files), func(f File) bool { return f.Component != component })
}

// Locals is the tree as files of the work directory: its public files and its manifest. Files with a Source are only
// named in the manifest.
func (t Tree) Locals() ([]Local, error) {
	m := manifest{APIVersion: "hardway/v1alpha1", Kind: "HostManifest", Node: t.Node}
	var locals []Local
	for _, f := range t.Files {
		e := entry{
			Path: f.Path, Mode: fmt.Sprintf("%04o", f.Mode.Perm()), Owner: f.OwnerOrRoot(), Directory: f.IsDir(),
			Secret: f.Secret, Source: f.Source, Component: f.Component,
		}
		if !f.IsDir() {
			sum, err := f.Content.SHA256()
			if err != nil {
				return nil, fmt.Errorf("failed to read what %s should hold on %s: %w", f.Path, t.Node, err)
			}
			e.SHA256 = sum
		}
		m.Files = append(m.Files, e)
		if f.IsDir() || f.Source != "" {
			continue
		}
		data, err := ReadAll(f.Content)
		if err != nil {
			return nil, err
		}
		// The local copy is for reading and review; the mode that counts is the manifest's.
		locals = append(locals, Local{Path: TreePath(t.Node, f.Path), Mode: 0o644, Data: data})
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(locals, Local{Path: TreePath(t.Node, ManifestName), Mode: 0o644, Data: append(data, '\n')}), nil
}
