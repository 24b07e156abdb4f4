package remote

import (
	"bytes"
	"fmt"
	"strings"
)

// File type bits of st_mode, which stat prints.
const (
	typeMask      = 0o170000
	typeDirectory = 0o040000
	typeRegular   = 0o100000
)

// The sections of an answer. Each begins with its name on a line and ends where the next begins.
const (
	sectionPaths    = "#P" // <mode in hex> <size> <user>:<group> <path>, what stat says
	sectionEmpty    = "#E" // paths of directories that are empty
	sectionDigests  = "#S" // <sha256>  <path> of regular files
	sectionTroubles = "#N" // what the tools said on standard error
	sectionUnits    = "#U" // <property>=<value> as systemctl show prints them, an empty line between units, in the order asked
	sectionInputs   = "#I" // <pid> <HARDWAY_INPUTS> of main processes
	sectionUsers    = "#A" // lines of passwd
	sectionGroups   = "#G" // lines of group
)

// Encode is the state as the script would print it, for hosts that answer without a shell.
func (s State) Encode(q Query) []byte {
	var b bytes.Buffer
	s.encodePaths(&b, q)
	for _, trouble := range s.Trouble {
		fmt.Fprintf(&b, "%s\n%s\n", sectionTroubles, trouble)
	}
	s.encodeUnits(&b, q)
	for _, owner := range q.Owners {
		user, group, _ := strings.Cut(owner, ":")
		if o, ok := s.Owners[owner]; ok {
			fmt.Fprintf(&b, "%s\n%s:x:%d:%d:::\n%s\n%s:x:%d:\n", sectionUsers, user, o.UID, o.GID, sectionGroups, group, o.GID)
		}
	}
	return b.Bytes()
}

func (s State) encodePaths(b *bytes.Buffer, q Query) {
	for _, path := range q.Paths {
		p := s.Paths[path]
		if !p.Exists {
			continue
		}
		fmt.Fprintf(b, "%s\n%x %d %s %s\n", sectionPaths, p.bits(), p.Size, p.Owner, path)
		if p.SHA256 != "" {
			fmt.Fprintf(b, "%s\n%s  %s\n", sectionDigests, p.SHA256, path)
		}
		if p.Empty {
			fmt.Fprintf(b, "%s\n%s\n", sectionEmpty, path)
		}
	}
}

func (p PathState) bits() uint32 {
	mode := uint32(p.Mode.Perm())
	if p.IsDir {
		return mode | typeDirectory
	}
	return mode | typeRegular
}

func (s State) encodeUnits(b *bytes.Buffer, q Query) {
	if len(q.Units) == 0 || len(s.Units) == 0 {
		return
	}
	fmt.Fprintln(b, sectionUnits)
	for i, unit := range q.Units {
		if i > 0 {
			fmt.Fprintln(b)
		}
		u := s.Units[unit]
		fmt.Fprintf(b, "Id=%s\nLoadState=%s\nActiveState=%s\nSubState=%s\nUnitFileState=%s\nMainPID=%d\nNeedDaemonReload=%s\n",
			unit, u.Load, u.Active, u.Sub, u.Enabled, u.MainPID, map[bool]string{true: "yes", false: "no"}[u.NeedReload])
	}
	for _, unit := range q.Units {
		if u := s.Units[unit]; u.MainPID > 0 {
			fmt.Fprintf(b, "%s\n%d %s\n", sectionInputs, u.MainPID, u.Inputs)
		}
	}
}
