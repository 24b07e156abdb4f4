package kubespray

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

const yamlHint = "a YAML inventory is groups, each with hosts, children and vars: all: {children: {etcd: {hosts: {node1: }}}}"

// parseYAML reads an inventory as Ansible's yaml plugin does, but refuses what that one skips. Every error names its line.
func parseYAML(data []byte, file string) (*Inventory, error) {
	root, err := document(data, file)
	if err != nil {
		return nil, err
	}
	if root == nil {
		return nil, problem(file, 0, yamlHint, "is empty")
	}
	p := &yamlParser{inv: newInventory(file), r: reader{file: file}}
	pairs, err := p.pairs(root, "the inventory")
	if err != nil {
		return nil, err
	}
	for _, pair := range pairs {
		if name := pair.key.Value; name == "_meta" || name == "plugin" {
			return nil, problem(file, pair.key.Line, "write what it stands for to a file first: ansible-inventory --list --yaml --output hosts.yaml",
				"is a dynamic inventory")
		}
		if err := p.group(pair.key, pair.value, 0); err != nil {
			return nil, err
		}
	}
	return p.inv, nil
}

type yamlParser struct {
	inv *Inventory
	r   reader
}

// maxDepth bounds groups within groups and lists within lists.
const maxDepth = 50

func (p *yamlParser) group(key, body *yaml.Node, depth int) error {
	name := key.Value
	if depth > maxDepth {
		return p.at(key, "groups stand within groups more than %d deep", maxDepth)
	}
	p.inv.group(name)
	parts, err := p.pairs(body, "the group "+name)
	if err != nil {
		return err
	}
	for _, part := range parts {
		inner, err := p.pairs(part.value, part.key.Value+" of the group "+name)
		if err != nil {
			return err
		}
		for _, pair := range inner {
			if err := p.part(name, part.key, pair, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

// part is one host, child or variable of a group.
func (p *yamlParser) part(group string, kind *yaml.Node, pair pair, depth int) error {
	switch kind.Value {
	case "hosts":
		return p.host(group, pair)
	case "children":
		p.inv.nest(group, pair.key.Value)
		return p.group(pair.key, pair.value, depth+1)
	case "vars":
		value, err := p.r.value(pair.value)
		p.inv.group(group).vars[pair.key.Value] = value
		return err
	}
	return p.at(kind, "a group holds hosts, children and vars, not %q", quotable(kind.Value))
}

func (p *yamlParser) host(group string, pair pair) error {
	names, port, err := expand(pair.key.Value)
	if err != nil {
		return p.at(pair.key, "%v", err)
	}
	rows, err := p.pairs(pair.value, "the host "+quotable(pair.key.Value))
	if err != nil {
		return err
	}
	said := vars{}
	if port != "" {
		said["ansible_port"] = port
	}
	for _, row := range rows {
		if said[row.key.Value], err = p.r.value(row.value); err != nil {
			return err
		}
	}
	for _, name := range names {
		p.inv.add(group, name, said)
	}
	return nil
}

func (p *yamlParser) at(node *yaml.Node, format string, args ...any) error {
	return problem(p.inv.file, node.Line, yamlHint, format, args...)
}

type pair struct{ key, value *yaml.Node }

// pairs is what a map holds, in its order; nothing for a null. A single name stands for a map of that one, as in Ansible.
func (p *yamlParser) pairs(node *yaml.Node, what string) ([]pair, error) {
	node = resolved(node)
	switch {
	case node == nil || node.Tag == "!!null":
		return nil, nil
	case node.Kind == yaml.ScalarNode && node.Tag == "!!str":
		return []pair{{key: node}}, nil
	case node.Kind != yaml.MappingNode:
		return nil, p.at(node, "want a map under %s", what)
	}
	first := map[string]int{}
	var out []pair
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := resolved(node.Content[i])
		if key == nil || key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			return nil, p.at(node.Content[i], "want a name as the key under %s", what)
		}
		if line := first[key.Value]; line > 0 {
			return nil, p.at(key, "%s stands there twice under %s, first on line %d", quotable(key.Value), what, line)
		}
		first[key.Value] = key.Line
		out = append(out, pair{key, node.Content[i+1]})
	}
	return out, nil
}

// resolved follows an alias to what it stands for.
func resolved(node *yaml.Node) *yaml.Node {
	if node != nil && node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// reader turns nodes into values. It counts, because aliases of aliases can stand for more than there is memory.
type reader struct {
	file  string
	seen  int
	depth int
}

const maxValues = 200000

func (r *reader) value(node *yaml.Node) (any, error) {
	node = resolved(node)
	r.seen++
	r.depth++
	defer func() { r.depth-- }()
	switch {
	case node == nil:
		return nil, nil
	case r.seen > maxValues || r.depth > maxDepth:
		return nil, problem(r.file, node.Line, "write repeated values out instead of nesting YAML aliases", "holds more than an inventory can hold")
	case node.Tag == "!vault", node.Tag == "!vault-encrypted":
		return secret{}, nil
	case node.Tag == "!!null":
		return nil, nil
	case node.Kind == yaml.SequenceNode:
		list := []any{}
		for _, item := range node.Content {
			value, err := r.value(item)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case node.Kind == yaml.MappingNode:
		return r.mapping(node)
	}
	return node.Value, nil
}

func (r *reader) mapping(node *yaml.Node) (any, error) {
	out, merged := map[string]any{}, map[string]any{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := resolved(node.Content[i])
		value, err := r.value(node.Content[i+1])
		if err != nil {
			return nil, err
		}
		if key != nil && key.Tag == "!!merge" {
			merge(merged, value)
		} else if key != nil {
			out[key.Value] = value
		}
	}
	maps.Copy(merged, out)
	return merged, nil
}

// merge adds what << stands for: a map, or a list of maps of which the earlier outweigh.
func merge(into map[string]any, value any) {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	for _, item := range slices.Backward(list) {
		if m, ok := item.(map[string]any); ok {
			maps.Copy(into, m)
		}
	}
}

// yamlLine finds the line in the YAML parser's messages.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// document is the one document of a file, nil where it says nothing.
func document(data []byte, file string) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var root, more yaml.Node
	err := decoder.Decode(&root)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err == nil {
		if err = decoder.Decode(&more); err == nil {
			return nil, problem(file, more.Line, "keep one document in the file", "holds several documents, want one")
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		line, message := 0, err.Error()
		if m := yamlLine.FindStringSubmatch(message); m != nil {
			line, _ = strconv.Atoi(m[1])
			message = m[2]
		}
		return nil, problem(file, line, "YAML is plain UTF-8 text that indents by spaces, never by tabs", "%s", fmt.Sprintf("is not valid YAML: %s", message))
	}
	if len(root.Content) == 0 {
		return nil, nil
	}
	return resolved(root.Content[0]), nil
}
