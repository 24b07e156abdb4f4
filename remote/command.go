package remote

import (
	"slices"
	"strings"
)

// A command travels as one line of POSIX shell, because that is what an SSH server hands to the user's shell. Line and
// ParseLine are exact inverses for the fixed set below; a host that accepts only that set (the rehearsal lab) can tell
// every line that hardway would send from every other.

// verbs is what hardway asks of systemctl.
var verbs = []string{"daemon-reload", "enable", "disable", "start", "stop", "restart", "reload", "reset-failed"}

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
		return len(c.Args) > 0 && slices.Contains(verbs, c.Args[0])
	case "systemd-sysusers":
		return len(c.Args) == 1
	case "rm":
		return len(c.Args) > 2 && c.Args[0] == "-f" && c.Args[1] == "--"
	case "sh":
		return len(c.Args) > 2 && c.Args[0] == "-c" && c.Args[1] == lookScript && c.Args[2] == lookName
	}
	return false
}

// quote leaves plain words alone and puts anything else in single quotes.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@=+,", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// unquote splits a line of plain and single-quoted words; whatever else a shell would understand is refused.
func unquote(line string) ([]string, bool) {
	var words []string
	var word strings.Builder
	inWord, inQuotes := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case inQuotes && c == '\'':
			inQuotes = false
		case inQuotes:
			word.WriteByte(c)
		case c == '\'':
			inWord, inQuotes = true, true
		case c == '\\' && strings.HasPrefix(line[i:], `\'`):
			word.WriteByte('\'')
			inWord, i = true, i+1
		case c == ' ':
			if inWord {
				words, inWord = append(words, word.String()), false
				word.Reset()
			}
		case strings.IndexByte("|&;<>()$`\\\"*?[#~%{}!\n\t", c) >= 0:
			return nil, false
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, !inQuotes
}
