package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	kjson "sigs.k8s.io/json"
)

// maxSize bounds a cluster.yaml in bytes: ten thousand hosts fit, and nothing that is no spec can keep the parser busy.
// maxExpanded bounds what its aliases make of it, in values and bytes of text.
const (
	maxSize     = 1 << 20
	maxExpanded = 4 * maxSize
)

// Parse reads a cluster.yaml: strictly, with every default filled in, and only if it is valid. The file's name is for
// messages only. Checks named in waive are waived as if spec.waive named them, and stand in the Spec's Waive afterwards.
// The error is Problems: everything that is wrong, in one go.
func Parse(data []byte, file string, waive ...string) (*Spec, error) {
	tree, err := load(data, file)
	if err != nil {
		return nil, err
	}
	doc, found, err := decode(tree, file)
	if err != nil {
		return nil, err
	}
	spec := &doc.Spec
	spec.Name = doc.Metadata.Name
	problems := append(found.problems, header(doc, found)...)
	spec.Default()
	for _, p := range spec.Validate(waive...) {
		if !found.gaps.cover(p.Subject) {
			problems = append(problems, p)
		}
	}
	if err := problems.OrNil(); err != nil {
		return nil, err
	}
	spec.Waive = union(spec.Waive, waive)
	return spec, nil
}

// decode turns what the YAML said into the document. What does not fit is left out and reported by the shape, so that
// the rest can still be checked.
func decode(tree any, file string) (*Cluster, *shape, error) {
	doc, found := &Cluster{}, &shape{}
	clean := found.fit("", reflect.TypeFor[Cluster](), tree)
	if found.tooLarge() {
		return nil, nil, Problems{{Subject: file, Message: "is larger than a spec can be, once its aliases are expanded",
			Hint: "write repeated values out instead of nesting YAML aliases"}}
	}
	if clean == nil {
		return nil, nil, found.problems
	}
	text, err := json.Marshal(clean)
	if err != nil {
		return nil, nil, undecoded(file, err)
	}
	if strict, err := kjson.UnmarshalStrict(text, doc); err != nil || len(strict) > 0 {
		return nil, nil, undecoded(file, append(strict, err)...)
	}
	return doc, found, nil
}

// undecoded puts into problems what the strict decoder finds where the shape found nothing.
func undecoded(file string, errs ...error) Problems {
	return Problems{{Subject: file, Message: fmt.Sprintf("failed to decode the spec: %v", errors.Join(errs...)),
		Hint: "compare it with the commented cluster.yaml that hardway init writes"}}
}

// header checks what the document says of itself.
func header(doc *Cluster, found *shape) Problems {
	var problems Problems
	rows := []struct{ path, got, want string }{
		{"apiVersion", doc.APIVersion, APIVersion},
		{"kind", doc.Kind, Kind},
	}
	for _, row := range rows {
		if row.got == row.want || found.gaps.cover(row.path) {
			continue
		}
		message := fmt.Sprintf("is %q, want %s", row.got, row.want)
		if row.got == "" {
			message = "is missing, want " + row.want
		}
		problems = append(problems, Problem{Subject: row.path, Message: message,
			Hint: fmt.Sprintf("write %s: %s", row.path, row.want)})
	}
	return problems
}

// union is a followed by what b has and a has not.
func union(a, b []string) []string {
	seen := make(map[string]bool, len(a)+len(b))
	var out []string
	for _, list := range [][]string{a, b} {
		for _, s := range list {
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
	}
	return out
}
