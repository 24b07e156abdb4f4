package remote

import "strings"

// quote leaves plain words alone and puts anything else in single quotes, as POSIX shells read them.
func quote(word string) string {
	if word != "" && strings.IndexFunc(word, special) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// special reports whether a character might mean something to a shell.
func special(r rune) bool {
	plain := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@=+,", r)
	return !plain
}

// unquote splits a line of plain and single-quoted words; whatever else a shell would understand is refused.
func unquote(line string) ([]string, bool) {
	var words []string
	for line != "" {
		word, rest, ok := firstWord(line)
		if !ok {
			return nil, false
		}
		words, line = append(words, word), strings.TrimPrefix(rest, " ")
	}
	return words, true
}

// firstWord takes a word off the line, up to the next space.
func firstWord(line string) (word, rest string, ok bool) {
	var b strings.Builder
	for line != "" && line[0] != ' ' {
		switch {
		case strings.HasPrefix(line, `\'`):
			b.WriteByte('\'')
			line = line[2:]
		case line[0] == '\'':
			quoted, after, closed := strings.Cut(line[1:], "'")
			if !closed {
				return "", "", false
			}
			b.WriteString(quoted)
			line = after
		case special(rune(line[0])):
			return "", "", false
		default:
			b.WriteByte(line[0])
			line = line[1:]
		}
	}
	return b.String(), line, true
}
