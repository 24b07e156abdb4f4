package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// defaultPath is the PATH of every system service: systemd.exec(5), "Environment Variables Set or Propagated".
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"

// variables is the environment a unit asks for, unmapped: Environment=, then its files, the last value counting.
func (s *service) variables(d *definition) ([]string, error) {
	out := append([]string(nil), d.environment...)
	for _, f := range d.environmentFiles {
		data, err := s.host.tree.readFile(f.path)
		if errors.Is(err, fs.ErrNotExist) && f.optional {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("failed to read environment file %s: %w", f.path, err)
		}
		lines, err := parseEnvironment(string(data))
		if err != nil {
			return nil, fmt.Errorf("failed to read environment file %s: %w", f.path, err)
		}
		out = append(out, lines...)
	}
	return out, nil
}

// parseEnvironment reads a file of variables: comments, quotes and escapes as systemd.exec(5), EnvironmentFile=.
func parseEnvironment(text string) ([]string, error) {
	var out []string
	for line := range strings.Lines(joined.Replace(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); !ok || !isName(name) {
			return nil, fmt.Errorf("%q is no assignment", line)
		}
		value, err := unquoteValue(strings.TrimSpace(value))
		if err != nil {
			return nil, err
		}
		out = append(out, name+"="+value)
	}
	return out, nil
}

// joined is lines that end in a backslash, which a file of variables joins without a space.
var joined = strings.NewReplacer("\\\r\n", "", "\\\n", "")

// unquoteValue takes the quotes around a value off; an unquoted one keeps its spaces.
func unquoteValue(value string) (string, error) {
	if value == "" || value[0] != '"' && value[0] != '\'' {
		return value, nil
	}
	words, err := splitWords(value)
	return strings.Join(words, " "), err
}

// identity is the user a unit runs as on its host, and what that adds to the environment.
func (s *service) identity(d *definition) (owner, []string, error) {
	people := users{s.host.tree}
	var who owner
	var environment []string
	if d.user != "" {
		uid, ok := people.find(passwdPath, d.user)
		if !ok {
			return owner{}, nil, fmt.Errorf("failed to determine user %s: %s has no such user", d.user, s.host.Name)
		}
		who.UID, who.GID = uid.id, uid.group
		environment = []string{"HOME=" + s.host.mapping().path(uid.home), "LOGNAME=" + uid.name, "USER=" + uid.name, "SHELL=" + uid.shell}
	}
	if d.group != "" {
		group, ok := people.find(groupPath, d.group)
		if !ok {
			return owner{}, nil, fmt.Errorf("failed to determine group %s: %s has no such group", d.group, s.host.Name)
		}
		who.GID = group.id
	}
	return who, environment, nil
}

// environ is the whole environment of a unit's process, paths mapped into the host's folder.
func (s *service) environ(d *definition, variables, identity []string) []string {
	mapping := s.host.mapping()
	out := append([]string{"LANG=C.UTF-8", "PATH=" + mapList(mapping, defaultPath)}, identity...)
	out = append(out, "INVOCATION_ID="+s.host.invocation(), markVariable+"="+s.host.dir)
	for _, dir := range d.directories {
		if len(dir.paths) > 0 {
			out = append(out, dir.variable+"="+mapList(mapping, strings.Join(dir.paths, ":")))
		}
	}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		out = append(out, name+"="+mapping.word(value))
	}
	return distinct(out)
}

func mapList(m mapping, list string) string {
	paths := strings.Split(list, ":")
	for i, p := range paths {
		paths[i] = m.path(p)
	}
	return strings.Join(paths, ":")
}

// distinct keeps the last value of each variable, in the order of their first mention.
func distinct(variables []string) []string {
	at := map[string]int{}
	var out []string
	for _, v := range variables {
		name, _, _ := strings.Cut(v, "=")
		if i, ok := at[name]; ok {
			out[i] = v
			continue
		}
		at[name] = len(out)
		out = append(out, v)
	}
	return out
}

// account is one line of passwd or group.
type account struct {
	name        string
	id, group   uint32
	home, shell string
}

// find is an account by name or, as User=0, by number.
func (u users) find(file, name string) (account, bool) {
	for _, f := range u.entries(file) {
		id, ok := number(f[2])
		if !ok || f[0] != name && strconv.FormatUint(uint64(id), 10) != name {
			continue
		}
		a := account{name: f[0], id: id, home: "/", shell: "/bin/sh"}
		if len(f) > 6 {
			a.group, _ = number(f[3])
			a.home, a.shell = f[5], f[6]
		}
		return a, true
	}
	return account{}, false
}
