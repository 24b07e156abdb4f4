package kubespray

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// section is [group], [group:children] or [group:vars], with a comment behind it.
var section = regexp.MustCompile(`^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:[#;].*)?$`)

const iniHint = "an INI inventory has [group], [group:children] and [group:vars] lines, and under them hosts with key=value, groups, and key=value"

// parseINI reads an inventory as Ansible's ini plugin does. Every error names its line.
func parseINI(data, file string) (*Inventory, error) {
	p := &iniParser{inv: newInventory(file), name: "ungrouped", kind: "hosts", wanted: map[string]int{}, declared: map[string]bool{"all": true, "ungrouped": true}}
	for i, line := range strings.Split(data, "\n") {
		p.line = i + 1
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if err := p.read(line); err != nil {
			return nil, problem(file, p.line, iniHint, "%v", err)
		}
	}
	for _, name := range p.mentioned {
		if !p.declared[name] {
			return nil, problem(file, p.wanted[name], fmt.Sprintf("add a line [%s], or correct the name", name), "there is no group %q", name)
		}
	}
	return p.inv, nil
}

type iniParser struct {
	inv        *Inventory
	line       int
	name, kind string
	// wanted is the first line that needs a group which must be declared somewhere; mentioned is their order.
	wanted    map[string]int
	mentioned []string
	declared  map[string]bool
}

func (p *iniParser) read(line string) error {
	if line[0] == '[' {
		if m := section.FindStringSubmatch(line); m != nil {
			return p.begin(m[1], m[2])
		}
		if strings.HasSuffix(line, "]") {
			return fmt.Errorf("%q is no [group] line", line)
		}
	}
	switch p.kind {
	case "children":
		name, _, _ := strings.Cut(line, "#")
		name = strings.TrimSpace(name)
		if name == "" || strings.ContainsAny(name, " \t=:[]") {
			return fmt.Errorf("want the name of a group, got %q", quotable(line))
		}
		p.want(name)
		p.inv.nest(p.name, name)
		return nil
	case "vars":
		key, value, found := strings.Cut(line, "=")
		if key = strings.TrimSpace(key); !found || key == "" {
			return fmt.Errorf("want key=value")
		}
		p.inv.group(p.name).vars[key] = iniValue(strings.TrimSpace(value))
		return nil
	}
	return p.host(line)
}

func (p *iniParser) begin(name, kind string) error {
	switch kind {
	case "", "hosts":
		kind = "hosts"
		p.declared[name] = true
	case "children":
		p.declared[name] = true
	case "vars":
		p.want(name)
	default:
		return fmt.Errorf("[%s:%s] is of no known kind", name, kind)
	}
	p.name, p.kind = name, kind
	p.inv.group(name)
	return nil
}

func (p *iniParser) want(name string) {
	if p.wanted[name] == 0 {
		p.wanted[name] = p.line
		p.mentioned = append(p.mentioned, name)
	}
}

// host reads a name or range of names, and key=value behind it. What is said may be a password: no error repeats it.
func (p *iniParser) host(line string) error {
	words, err := shellWords(line)
	if err != nil || len(words) == 0 {
		return err
	}
	said := vars{}
	for _, word := range words[1:] {
		key, value, found := strings.Cut(word, "=")
		if !found || key == "" {
			return fmt.Errorf("want key=value behind the host %s", quotable(words[0]))
		}
		said[key] = iniValue(value)
	}
	names, port, err := expand(words[0])
	if err != nil {
		return err
	}
	if port != "" && said["ansible_port"] == nil {
		said["ansible_port"] = port
	}
	for _, name := range names {
		p.inv.add(p.name, name, said)
	}
	return nil
}

// iniValue is a value as Ansible takes it: a Python literal where it is one, which a list or a map shares with YAML, else
// the text itself.
func iniValue(text string) any {
	if len(text) > 1 && (text[0] == '\'' || text[0] == '"') && text[len(text)-1] == text[0] {
		return text[1 : len(text)-1]
	}
	if text == "None" {
		return nil
	}
	if text != "" && (text[0] == '[' || text[0] == '{') && !strings.HasPrefix(text, "{{") {
		var node yaml.Node
		r := &reader{}
		if yaml.Unmarshal([]byte(text), &node) == nil && len(node.Content) == 1 {
			if value, err := r.value(node.Content[0]); err == nil {
				return value
			}
		}
	}
	return text
}

// quotable bounds what an error repeats of a line, and leaves out what stands behind an =.
func quotable(text string) string {
	text, _, _ = strings.Cut(text, "=")
	if len(text) > 60 {
		text = strings.ToValidUTF8(text[:60], "") + "…"
	}
	return text
}
