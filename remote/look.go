package remote

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
)

// lookScript answers a Query in one command, whatever the number of paths: each tool is called once for all of them. Its
// arguments are the number of paths, the number of units, then paths, units and owners; the answer is in sections, see
// State.Encode. It is POSIX shell; stat, sha256sum, tr and ls are those of coreutils, getent is libc's. Where a file of a
// megabyte or more is among them, openssl digests them if the host has it: it uses the processor's own instructions, which
// coreutils before 9.5 does not, and is five times as fast. It would print names with a backslash otherwise.
//
//go:embed look.sh
var lookScript string

// lookName is what the script is called in a process list.
const lookName = "hardway-look"

// LookCommand is the command that answers a query. No name in the query may hold a line break.
func LookCommand(q Query) Command {
	args := []string{"-c", lookScript, lookName, strconv.Itoa(len(q.Paths)), strconv.Itoa(len(q.Units))}
	args = append(append(append(args, q.Paths...), q.Units...), q.Owners...)
	return Command{Name: "sh", Args: args}
}

// Query is the question of a look command, as parsed from its line.
func (c Command) Query() (Query, bool) {
	if c.Name != "sh" || len(c.Args) < lookArgs || c.Args[1] != lookScript {
		return Query{}, false
	}
	names := c.Args[lookArgs:]
	paths, units := count(c.Args[3], len(names)), count(c.Args[4], len(names))
	if paths+units > len(names) {
		return Query{}, false
	}
	q := Query{Paths: names[:paths], Units: names[paths : paths+units], Owners: names[paths+units:]}
	return q, slices.Equal(LookCommand(q).Args, c.Args)
}

// lookArgs is how many arguments stand before the names: -c, the script, its name, the number of paths, that of units.
const lookArgs = 5

// count reads a number that is at most all; anything else is 0, which makes another command.
func count(text string, all int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > all {
		return 0
	}
	return n
}

// lookBytes bounds one look command. A login shell gets the line as one argument, which Linux bounds at 128 KiB.
const lookBytes = 96 << 10

// parts cuts a query into as many as fit into a line each; nearly always that is one.
func (q Query) parts() []Query {
	parts := []Query{{}}
	size := 0
	last := func(name string) *Query {
		if size += len(quote(name)) + 1; size > lookBytes-len(lookScript) {
			parts, size = append(parts, Query{}), len(quote(name))
		}
		return &parts[len(parts)-1]
	}
	for _, name := range q.Paths {
		part := last(name)
		part.Paths = append(part.Paths, name)
	}
	for _, name := range q.Units {
		part := last(name)
		part.Units = append(part.Units, name)
	}
	for _, name := range q.Owners {
		part := last(name)
		part.Owners = append(part.Owners, name)
	}
	return parts
}

// oneLine reports whether every name in the query can stand in an answer that is made of lines.
func (q Query) oneLine() bool {
	for _, names := range [][]string{q.Paths, q.Units, q.Owners} {
		for _, name := range names {
			if strings.ContainsRune(name, '\n') {
				return false
			}
		}
	}
	return true
}
