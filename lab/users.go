package lab

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

const (
	passwdPath = "/etc/passwd"
	groupPath  = "/etc/group"
)

// lastSystemID is where systemd-sysusers begins, downwards, to give out identities.
const lastSystemID = 999

// users is who a host knows: the passwd and group files in its folder, nothing of this machine's.
type users struct{ tree *tree }

// prepare gives a new host root.
func (u users) prepare() error {
	for file, line := range map[string]string{passwdPath: "root:x:0:0:root:/root:/bin/bash\n", groupPath: "root:x:0:\n"} {
		_, err := u.tree.lstat(file)
		if errors.Is(err, fs.ErrNotExist) {
			err = u.tree.writeFile(file, []byte(line))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// uid and gid resolve a name; they are false for one that the host does not know.
func (u users) uid(name string) (uint32, bool) { return u.id(passwdPath, name) }
func (u users) gid(name string) (uint32, bool) { return u.id(groupPath, name) }

func (u users) id(file, name string) (uint32, bool) {
	for _, fields := range u.entries(file) {
		if fields[0] == name {
			return number(fields[2])
		}
	}
	return 0, false
}

// name is an identity's name, or its number where the host does not know it, as ls shows it.
func (u users) name(file string, id uint32) string {
	for _, fields := range u.entries(file) {
		if n, ok := number(fields[2]); ok && n == id {
			return fields[0]
		}
	}
	return strconv.FormatUint(uint64(id), 10)
}

// entries is the lines of a passwd or group file that have at least name, password and number.
func (u users) entries(file string) [][]string {
	data, err := u.tree.readFile(file)
	if err != nil {
		return nil
	}
	var out [][]string
	for line := range strings.Lines(string(data)) {
		if fields := strings.Split(strings.TrimSpace(line), ":"); len(fields) > 2 {
			out = append(out, fields)
		}
	}
	return out
}

func number(s string) (uint32, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil
}

// declare does what systemd-sysusers does with a file of sysusers.d(5): users with a group of their own, and groups.
// What exists stays as it is.
func (u users) declare(file string) error {
	data, err := u.tree.readFile(file)
	if err != nil {
		return fmt.Errorf("failed to read %s: %w", file, err)
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if err := u.declareLine(line); err != nil {
			return fmt.Errorf("%s:%d: %w", file, n, err)
		}
	}
	return lines.Err()
}

// remove is userdel: the user goes, and the group of its name.
func (u users) remove(name string) error {
	if _, known := u.uid(name); !known {
		return fmt.Errorf("user %q does not exist", name)
	}
	for _, file := range []string{passwdPath, groupPath} {
		data, err := u.tree.readFile(file)
		if err != nil {
			return err
		}
		var left []byte
		for line := range bytes.Lines(data) {
			if !bytes.HasPrefix(line, []byte(name+":")) {
				left = append(left, line...)
			}
		}
		if err := u.tree.writeFile(file, left); err != nil {
			return err
		}
	}
	return nil
}

func (u users) declareLine(line string) error {
	words, err := splitWords(line)
	if err != nil {
		return err
	}
	if len(words) < 2 || words[1] == "" || strings.ContainsAny(words[1], ":/ \t") {
		return fmt.Errorf("failed to read %q: want a type and a name", line)
	}
	for len(words) < 6 {
		words = append(words, "-")
	}
	name, id, about, home, shell := words[1], words[2], words[3], words[4], words[5]
	switch words[0] {
	case "u", "u!":
		return u.addUser(name, id, fallback(about, ""), fallback(home, "/"), fallback(shell, "/usr/sbin/nologin"))
	case "g":
		_, err := u.addGroup(name, id)
		return err
	}
	return fmt.Errorf("failed to declare %q: only users and groups (u, g) can be declared here", line)
}

func fallback(value, otherwise string) string {
	if value == "-" {
		return otherwise
	}
	return value
}

func (u users) addUser(name, id, about, home, shell string) error {
	if _, ok := u.uid(name); ok {
		return nil
	}
	uid, gid, _ := strings.Cut(id, ":")
	if gid == "" {
		gid = uid
	}
	group, err := u.addGroup(name, gid)
	if err != nil {
		return err
	}
	number, err := u.free(passwdPath, uid, group)
	if err != nil {
		return err
	}
	return u.append(passwdPath, fmt.Sprintf("%s:x:%d:%d:%s:%s:%s\n", name, number, group, about, home, shell))
}

func (u users) addGroup(name, id string) (uint32, error) {
	if gid, ok := u.gid(name); ok {
		return gid, nil
	}
	gid, err := u.free(groupPath, id, 0)
	if err != nil {
		return 0, err
	}
	return gid, u.append(groupPath, fmt.Sprintf("%s:x:%d:\n", name, gid))
}

// free is the wanted number, or for "-" the suggested one if nobody has it, or the highest of a system user that nobody
// has.
func (u users) free(file, wanted string, suggested uint32) (uint32, error) {
	taken := map[uint32]bool{0: true}
	for _, fields := range u.entries(file) {
		if n, ok := number(fields[2]); ok {
			taken[n] = true
		}
	}
	if wanted != "-" {
		n, ok := number(wanted)
		if !ok || taken[n] {
			return 0, fmt.Errorf("failed to give out %s of %s: it is taken or no number", wanted, path.Base(file))
		}
		return n, nil
	}
	if !taken[suggested] {
		return suggested, nil
	}
	for n := uint32(lastSystemID); n > 0; n-- {
		if !taken[n] {
			return n, nil
		}
	}
	return 0, fmt.Errorf("failed to find a free number in %s", file)
}

func (u users) append(file, line string) error {
	data, err := u.tree.readFile(file)
	if err != nil {
		return err
	}
	return u.tree.writeFile(file, append(data, line...))
}
