package remote

import (
	"slices"
	"strings"
)

// A command travels as one line of POSIX shell, because that is what an SSH server hands to the user's shell. Line and
// ParseLine are exact inverses for the fixed set below; a host that accepts only that set (the rehearsal lab) can tell
// every line that hardway would send from every other.

// verbs is what hardway asks of systemctl, each with the options that may follow it.
var verbs = map[string][]string{
	"daemon-reload": nil, "enable": nil, "disable": nil, "stop": nil, "reload": nil, "reset-failed": nil,
	"start": {"--no-block"}, "restart": {"--no-block"}, "mask": {"--now"},
}

// Line is the command as a line of shell.
func (c Command) Line() string {
	words := make([]string, 0, len(c.Args)+1)
	for _, w := range append([]string{c.Name}, c.Args...) {
		words = append(words, quote(w))
	}
	return strings.Join(words, " ")
}

// ParseLine reads a line that Line made. Anything outside the fixed set is false.
func ParseLine(line string) (Command, bool) {
	words, ok := unquote(line)
	if !ok || len(words) == 0 {
		return Command{}, false
	}
	c := Command{Name: words[0], Args: words[1:]}
	return c, c.fixed() && c.Line() == line
}

func (c Command) fixed() bool {
	switch c.Name {
	case "systemctl":
		return fixedVerb(c.Args)
	case "systemd-sysusers":
		return len(c.Args) == 1 && isPath(c.Args[0])
	case "haproxy":
		return len(c.Args) == 4 && slices.Equal(c.Args[:3], []string{"-c", "-q", "-f"}) && isPath(c.Args[3])
	case etcdutl:
		return c.restores()
	case "chown":
		return len(c.Args) == 4 && c.Args[0] == "-R" && c.Args[1] == "--" && strings.Contains(c.Args[2], ":") && isPath(c.Args[3])
	case "rm":
		if len(c.Args) > 2 && c.Args[0] == "-rf" {
			return c.Args[1] == "--" && !slices.ContainsFunc(c.Args[2:], isNoOwnDirectory)
		}
		return len(c.Args) > 2 && c.Args[0] == "-f" && c.Args[1] == "--" && !slices.ContainsFunc(c.Args[2:], isNoPath)
	case "sh":
		_, query := c.Query()
		_, script := c.Script()
		return query || script && c.Args[2] != lookName
	}
	return c.leaves()
}

// fixedVerb: a verb, its options, and units; daemon-reload is about no unit, everything else about at least one.
func fixedVerb(args []string) bool {
	if len(args) == 0 {
		return false
	}
	options, known := verbs[args[0]]
	units := args[1:]
	if len(units) > 0 && slices.Contains(options, units[0]) {
		units = units[1:]
	}
	named := len(units) > 0 && !slices.ContainsFunc(units, func(u string) bool { return u == "" || u[0] == '-' })
	return known && named == (args[0] != "daemon-reload") && (named || len(args) == 1)
}

func isPath(word string) bool { return strings.HasPrefix(word, "/") }

func isNoPath(word string) bool { return !isPath(word) }
