package kubespray

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxSize bounds a file in bytes.
const maxSize = 4 << 20

// Read reads an inventory file, in YAML or INI, and the group_vars and host_vars beside it. The error is
// cluster.Problems, with file:line as the subject where a line is to blame.
func Read(file string) (*Inventory, error) {
	data, err := contents(file)
	if err != nil {
		return nil, err
	}
	if vaulted(data) {
		return nil, problem(file, 0, "decrypt it first: ansible-vault decrypt --output hosts.yaml "+file, "is encrypted by ansible-vault")
	}
	inv, err := parse(data, file)
	if err != nil {
		return nil, err
	}
	if len(inv.hosts) == 0 {
		return nil, problem(file, 0, "name the file that lists your hosts, as in inventory/mycluster/hosts.yaml", "names no host")
	}
	if err := inv.complete(); err != nil {
		return nil, err
	}
	return inv, inv.readVars(filepath.Dir(file))
}

func contents(file string) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, problem(file, 0, "name the inventory file that you give to ansible-playbook -i", "failed to read the inventory: %v", unwrapped(err))
	case info.IsDir():
		return nil, problem(file, 0, "name the file in it, as in "+filepath.Join(file, "hosts.yaml"), "is a directory, want the inventory file")
	case info.Size() > maxSize:
		return nil, problem(file, 0, "name the inventory file that you give to ansible-playbook -i", "is larger than an inventory can be, %d MiB", maxSize>>20)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, problem(file, 0, "see that you may read it", "failed to read the inventory: %v", unwrapped(err))
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	for i, line := range bytes.Split(data, []byte("\n")) {
		if !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
			return nil, problem(file, i+1, "name the inventory file that you give to ansible-playbook -i", "holds bytes that are not text")
		}
	}
	return data, nil
}

// unwrapped is a failure without the path, which the problem names already.
func unwrapped(err error) error {
	if failure := (*fs.PathError)(nil); errors.As(err, &failure) {
		return failure.Err
	}
	return err
}

// vaulted reports what ansible-vault made of a whole file.
func vaulted(data []byte) bool { return bytes.HasPrefix(data, []byte("$ANSIBLE_VAULT;")) }

// parse goes by the file's extension, and where that says nothing by the first line that does.
func parse(data []byte, file string) (*Inventory, error) {
	switch filepath.Ext(file) {
	case ".yaml", ".yml", ".json":
		return parseYAML(data, file)
	case ".ini", ".cfg":
		return parseINI(string(data), file)
	}
	if bytes.HasPrefix(data, []byte("#!")) {
		return nil, problem(file, 0, "write what it stands for to a file first: ansible-inventory -i "+file+" --list --yaml --output hosts.yaml",
			"is a program, a dynamic inventory")
	}
	for line := range strings.SplitSeq(string(data), "\n") {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == ';':
			continue
		case line == "---" || line[0] == '{' || strings.HasSuffix(line, ":"):
			return parseYAML(data, file)
		}
		break
	}
	return parseINI(string(data), file)
}

// readVars reads group_vars/<group> and host_vars/<host>: a file, with or without an extension, or a directory of such.
func (inv *Inventory) readVars(dir string) error {
	for _, name := range slices.Sorted(maps.Keys(inv.groups)) {
		said, err := inv.varsOf(filepath.Join(dir, "group_vars", name))
		if err != nil {
			return err
		}
		inv.groups[name].file = said
	}
	for _, name := range inv.order {
		if filepath.Base(name) != name {
			continue // no name of a file
		}
		said, err := inv.varsOf(filepath.Join(dir, "host_vars", name))
		if err != nil {
			return err
		}
		inv.hosts[name].file = said
	}
	return nil
}

// extensions in the order in which Ansible looks for a name's file.
var extensions = []string{"", ".yml", ".yaml", ".json"}

func (inv *Inventory) varsOf(path string) (vars, error) {
	for _, ext := range extensions {
		info, err := os.Stat(path + ext)
		if err != nil {
			continue
		}
		out := vars{}
		if info.IsDir() {
			return out, inv.readDir(path+ext, out)
		}
		return out, inv.readFile(path+ext, out)
	}
	return nil, nil
}

// readDir reads a directory's files in the order of their names, the later one outweighing; hidden ones and backups are none.
func (inv *Inventory) readDir(dir string, into vars) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return problem(dir, 0, "see that you may read it", "failed to read the variables: %v", unwrapped(err))
	}
	for _, entry := range entries {
		name, ext := entry.Name(), filepath.Ext(entry.Name())
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		switch {
		case name[0] == '.' || strings.HasSuffix(name, "~") || err != nil:
			continue
		case info.IsDir() && ext == "":
			err = inv.readDir(path, into)
		case info.Mode().IsRegular() && slices.Contains(extensions, ext):
			err = inv.readFile(path, into)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (inv *Inventory) readFile(file string, into vars) error {
	data, err := contents(file)
	if err != nil {
		return err
	}
	if vaulted(data) {
		inv.vaulted = append(inv.vaulted, file)
		return nil
	}
	root, err := document(data, file)
	if err != nil || root == nil || root.Tag == "!!null" {
		return err
	}
	if root.Kind != yaml.MappingNode {
		return problem(file, root.Line, "write variables as name: value", "want a map of variables")
	}
	r := &reader{file: file}
	value, err := r.value(root)
	if err != nil {
		return err
	}
	said, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("failed to read %s: a map became %T", file, value)
	}
	maps.Copy(into, said)
	return nil
}
