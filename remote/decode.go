package remote

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strconv"
	"strings"
)

// DecodeState reads the answer to a query. A host that could not answer all of it says so in State.Trouble.
func DecodeState(q Query, answer []byte) (State, error) {
	d := decoder{state: newState(), query: q, users: map[string]int{}, groups: map[string]int{}, inputs: map[int]string{}}
	for len(answer) > 0 {
		line, rest, _ := bytes.Cut(answer, []byte{'\n'})
		if err := d.line(string(line)); err != nil {
			return State{}, fmt.Errorf("failed to understand %.200q: %w", line, err)
		}
		answer = rest
	}
	return d.state, d.finish()
}

func newState() State {
	return State{Paths: map[string]PathState{}, Units: map[string]UnitState{}, Owners: map[string]Owner{}}
}

// add takes the answer to another part of the same query in.
func (s *State) add(part State) {
	maps.Copy(s.Paths, part.Paths)
	maps.Copy(s.Units, part.Units)
	maps.Copy(s.Owners, part.Owners)
	s.Trouble = append(s.Trouble, part.Trouble...)
}

type decoder struct {
	state         State
	query         Query
	users, groups map[string]int
	inputs        map[int]string

	section string
	// units is how many blocks have begun.
	units int
}

func (d *decoder) line(line string) error {
	if len(line) == 2 && line[0] == '#' {
		if d.section = line; line == sectionUnits {
			return d.nextUnit()
		}
		return nil
	}
	switch d.section {
	case sectionPaths:
		return d.path(line)
	case sectionEmpty:
		p := d.state.Paths[line]
		p.Empty = true
		d.state.Paths[line] = p
	case sectionDigests:
		return d.digest(line)
	case sectionTroubles:
		d.trouble(line)
	case sectionUnits:
		return d.property(line)
	case sectionInputs:
		return d.input(line)
	case sectionUsers:
		return account(d.users, line)
	case sectionGroups:
		return account(d.groups, line)
	default:
		return errors.New("it stands in no section")
	}
	return nil
}

func (d *decoder) path(line string) error {
	fields := strings.SplitN(line, " ", 4)
	if len(fields) != 4 {
		return errors.New("want mode, size, owner and path")
	}
	mode, errMode := strconv.ParseUint(fields[0], 16, 32)
	size, errSize := strconv.ParseInt(fields[1], 10, 64)
	p := d.state.Paths[fields[3]]
	p.Exists, p.IsDir = true, mode&typeMask == typeDirectory
	p.Mode, p.Size, p.Owner = fs.FileMode(mode)&fs.ModePerm, size, fields[2]
	d.state.Paths[fields[3]] = p
	return errors.Join(errMode, errSize)
}

// hexDigest is the length of a SHA-256 in hex.
const hexDigest = 64

func (d *decoder) digest(line string) error {
	// Two spaces between them are coreutils', a space and an asterisk openssl's.
	if len(line) < hexDigest+2 || line[hexDigest:hexDigest+2] != "  " && line[hexDigest:hexDigest+2] != " *" {
		return errors.New("want a SHA-256 and a path")
	}
	path := line[hexDigest+2:]
	p := d.state.Paths[path]
	p.SHA256 = line[:hexDigest]
	d.state.Paths[path] = p
	return nil
}

// trouble keeps what a tool complained of, except for what is simply not there.
func (d *decoder) trouble(line string) {
	if strings.HasSuffix(line, ": No such file or directory") || strings.HasSuffix(line, ": Not a directory") {
		return
	}
	if strings.TrimSpace(line) != "" {
		d.state.Trouble = append(d.state.Trouble, line)
	}
}

func (d *decoder) nextUnit() error {
	if d.units++; d.units > len(d.query.Units) {
		return errors.New("there are more units than were asked for")
	}
	d.state.Units[d.query.Units[d.units-1]] = UnitState{}
	return nil
}

// property fills in the units in the order of the query: an empty line stands between two.
func (d *decoder) property(line string) error {
	if line == "" {
		return d.nextUnit()
	}
	name := d.query.Units[d.units-1]
	u := d.state.Units[name]
	key, value, _ := strings.Cut(line, "=")
	var err error
	switch key {
	case "LoadState":
		u.Load = value
	case "ActiveState":
		u.Active = value
	case "SubState":
		u.Sub = value
	case "UnitFileState":
		u.Enabled = value
	case "MainPID":
		u.MainPID, err = strconv.Atoi(value)
	case "NeedDaemonReload":
		u.NeedReload = value == "yes"
	}
	d.state.Units[name] = u
	return err
}

func (d *decoder) input(line string) error {
	number, inputs, _ := strings.Cut(line, " ")
	pid, err := strconv.Atoi(number)
	d.inputs[pid] = inputs
	return err
}

// account reads a line of passwd or group: name:password:number:….
func account(into map[string]int, line string) error {
	fields := strings.Split(line, ":")
	if len(fields) < 3 {
		return errors.New("want a line of passwd or group")
	}
	number, err := strconv.Atoi(fields[2])
	into[fields[0]] = number
	return err
}

func (d *decoder) finish() error {
	if d.units != 0 && d.units != len(d.query.Units) {
		return fmt.Errorf("the host told of %d units, asked were %d", d.units, len(d.query.Units))
	}
	asked := map[string]bool{}
	for _, path := range d.query.Paths {
		asked[path] = true
	}
	// What was not asked for is no answer; and a file may have come or gone between two of the tools.
	maps.DeleteFunc(d.state.Paths, func(path string, p PathState) bool { return !p.Exists || !asked[path] })
	for name, u := range d.state.Units {
		if u.Running() {
			u.Inputs = d.inputs[u.MainPID]
		}
		d.state.Units[name] = u
	}
	for _, owner := range d.query.Owners {
		user, group, _ := strings.Cut(owner, ":")
		uid, userExists := d.users[user]
		gid, groupExists := d.groups[group]
		if userExists && groupExists {
			d.state.Owners[owner] = Owner{UID: uid, GID: gid}
		}
	}
	return nil
}
