package kubespray

import (
	"errors"
	"strings"
)

// shellWords splits a host's line as Ansible does, by POSIX shell rules: quotes hold spaces, a backslash holds the next
// character, # begins a comment.
func shellWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	started := false
	quote := rune(0)
	escaped := false
	for _, r := range line {
		switch {
		case escaped:
			if quote == '"' && r != '"' && r != '\\' {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, started = true, true
		case quote != 0:
			if r == quote {
				quote = 0
			} else {
				word.WriteRune(r)
			}
		case r == '\'' || r == '"':
			quote, started = r, true
		case r == '#':
			return finish(words, word.String(), started), nil
		case r == ' ' || r == '\t' || r == '\r':
			words = finish(words, word.String(), started)
			word.Reset()
			started = false
		default:
			word.WriteRune(r)
			started = true
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("a quotation is not closed")
	}
	return finish(words, word.String(), started), nil
}

func finish(words []string, word string, started bool) []string {
	if started {
		return append(words, word)
	}
	return words
}
