package remote

import (
	"bufio"
	"bytes"
	_ "embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// lookScript answers a Query in one command, whatever the number of paths: each tool is called once for all of them. Its
// arguments are the number of paths, the number of units, then paths, units and owners. The answer is lines:
//
//	P <mode in hex> <size> <user>:<group> <path>    what stat says
//	S <sha256>  <path>                              regular files
//	E <path>                                        directories that are empty
//	U <property>=<value>                            systemctl show, one block per unit, in order
//	I <pid> <inputs>                                HARDWAY_INPUTS of a main process
//	A <line of passwd>, G <line of group>           accounts that exist
//
//go:embed look.sh
var lookScript string

// lookName is what the script is called in a process list.
const lookName = "hardway-look"

// LookCommand is the command that answers a query.
func LookCommand(q Query) Command {
	args := []string{"-c", lookScript, lookName, strconv.Itoa(len(q.Paths)), strconv.Itoa(len(q.Units))}
	args = append(append(append(args, q.Paths...), q.Units...), q.Owners...)
	return Command{Name: "sh", Args: args}
}

// Query is the question of a look command, as parsed from its line.
func (c Command) Query() (Query, bool) {
	if c.Name != "sh" || !c.fixed() || len(c.Args) < 5 {
		return Query{}, false
	}
	n, errPaths := strconv.Atoi(c.Args[3])
	m, errUnits := strconv.Atoi(c.Args[4])
	rest := c.Args[5:]
	if errPaths != nil || errUnits != nil || n < 0 || m < 0 || n+m > len(rest) {
		return Query{}, false
	}
	return Query{Paths: rest[:n], Units: rest[n : n+m], Owners: rest[n+m:]}, true
}

// File type bits of st_mode, which stat prints.
const (
	typeMask      = 0o170000
	typeDirectory = 0o040000
)

// Encode writes the state as the script would, for hosts that answer without a shell.
func (s State) Encode(q Query) []byte {
	var b bytes.Buffer
	for _, path := range q.Paths {
		s.Paths[path].encode(&b, path)
	}
	for _, unit := range q.Units {
		u := s.Units[unit]
		fmt.Fprintf(&b, "U Id=%s\nU LoadState=%s\nU ActiveState=%s\nU SubState=%s\nU UnitFileState=%s\nU MainPID=%d\nU NeedDaemonReload=%s\nU \n",
			unit, u.Load, u.Active, u.Sub, u.Enabled, u.MainPID, map[bool]string{true: "yes", false: "no"}[u.NeedReload])
		if u.MainPID > 0 {
			fmt.Fprintf(&b, "I %d %s\n", u.MainPID, u.Inputs)
		}
	}
	for _, owner := range q.Owners {
		user, group, _ := strings.Cut(owner, ":")
		if o, ok := s.Owners[owner]; ok {
			fmt.Fprintf(&b, "A %s:x:%d:%d:::\nG %s:x:%d:\n", user, o.UID, o.GID, group, o.GID)
		}
	}
	return b.Bytes()
}

func (p PathState) encode(b *bytes.Buffer, path string) {
	if !p.Exists {
		return
	}
	mode := uint32(p.Mode.Perm())
	if p.IsDir {
		mode |= typeDirectory
	}
	fmt.Fprintf(b, "P %x 0 %s %s\n", mode, p.Owner, path)
	if p.SHA256 != "" {
		fmt.Fprintf(b, "S %s  %s\n", p.SHA256, path)
	}
	if p.Empty {
		fmt.Fprintf(b, "E %s\n", path)
	}
}

// DecodeState reads the answer to a query.
func DecodeState(q Query, answer []byte) (State, error) {
	d := decoder{
		state: State{Paths: map[string]PathState{}, Units: map[string]UnitState{}, Owners: map[string]Owner{}},
		query: q, users: map[string]int{}, groups: map[string]int{}, inputs: map[int]string{},
	}
	lines := bufio.NewScanner(bytes.NewReader(answer))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		kind, rest, _ := strings.Cut(lines.Text(), " ")
		if err := d.line(kind, rest); err != nil {
			return State{}, fmt.Errorf("failed to read what the host answered: %w in %q", err, lines.Text())
		}
	}
	if err := lines.Err(); err != nil {
		return State{}, fmt.Errorf("failed to read what the host answered: %w", err)
	}
	d.finish()
	return d.state, nil
}

type decoder struct {
	state         State
	query         Query
	users, groups map[string]int
	inputs        map[int]string
	unit          int
}

func (d *decoder) line(kind, rest string) error {
	switch kind {
	case "P":
		return d.path(rest)
	case "S":
		sum, path, _ := strings.Cut(rest, "  ")
		p := d.state.Paths[path]
		p.SHA256 = sum
		d.state.Paths[path] = p
	case "E":
		p := d.state.Paths[rest]
		p.Empty = true
		d.state.Paths[rest] = p
	case "U":
		return d.property(rest)
	case "I":
		number, inputs, _ := strings.Cut(rest, " ")
		pid, err := strconv.Atoi(number)
		d.inputs[pid] = inputs
		return err
	case "A":
		return account(d.users, rest)
	case "G":
		return account(d.groups, rest)
	default:
		return fmt.Errorf("unknown kind %q", kind)
	}
	return nil
}

func (d *decoder) path(rest string) error {
	fields := strings.SplitN(rest, " ", 4)
	if len(fields) != 4 {
		return fmt.Errorf("want four fields")
	}
	mode, err := strconv.ParseUint(fields[0], 16, 32)
	if err != nil {
		return err
	}
	p := d.state.Paths[fields[3]]
	p.Exists, p.IsDir = true, mode&typeMask == typeDirectory
	p.Mode, p.Owner = fs.FileMode(mode&0o777), fields[2]
	d.state.Paths[fields[3]] = p
	return nil
}

// property fills in the units in the order of the query: a block ends with an empty line.
func (d *decoder) property(rest string) error {
	if rest == "" {
		d.unit++
		return nil
	}
	if d.unit >= len(d.query.Units) {
		return fmt.Errorf("more units than were asked for")
	}
	name := d.query.Units[d.unit]
	u := d.state.Units[name]
	key, value, _ := strings.Cut(rest, "=")
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

// account reads a line of passwd or group: name:password:number:….
func account(into map[string]int, line string) error {
	fields := strings.Split(line, ":")
	if len(fields) < 3 {
		return fmt.Errorf("want a line of passwd or group")
	}
	number, err := strconv.Atoi(fields[2])
	into[fields[0]] = number
	return err
}

func (d *decoder) finish() {
	for name, u := range d.state.Units {
		u.Inputs = d.inputs[u.MainPID]
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
}
