package lab

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// splitWords splits a value the way systemd does: words apart by white space, single and double quotes around a word or a
// part of it, C escapes. See systemd.syntax(7), "Quoting".
func splitWords(value string) ([]string, error) {
	words, err := splitCommand(value)
	var out []string
	for _, w := range words {
		out = append(out, w.text)
	}
	return out, err
}

// word is one word of a command line; separator is a lone ";" that nothing quotes.
type word struct {
	text      string
	separator bool
}

func splitCommand(value string) ([]word, error) {
	var words []word
	var text strings.Builder
	inWord, plain := false, true
	end := func() {
		if inWord {
			words = append(words, word{text.String(), plain && text.String() == ";"})
		}
		text.Reset()
		inWord, plain = false, true
	}
	var quote rune
	rest := []rune(value)
	for i := 0; i < len(rest); i++ {
		switch r := rest[i]; {
		case r == '\\':
			n, stands, err := unescape(rest[i+1:])
			if err != nil {
				return nil, err
			}
			text.WriteString(stands)
			inWord, plain, i = true, false, i+n
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			inWord, plain, quote = true, false, r
		case quote == 0 && unicode.IsSpace(r):
			end()
		default:
			text.WriteRune(r)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("failed to split %q: a quote %c is not closed", value, quote)
	}
	end()
	return words, nil
}

// escapes is the letters after a backslash that stand for one character. See systemd.syntax(7).
var escapes = map[rune]string{
	'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v", '\\': `\`, '"': `"`, '\'': `'`, 's': " ",
	// A lone ";" separates commands, this one does not: systemd.service(5), "Command Lines".
	';': ";",
}

// numbered is the escapes that give a character by its number: how many digits of which base follow.
var numbered = map[rune]struct{ digits, base int }{'x': {2, 16}, 'u': {4, 16}, 'U': {8, 16}}

// unescape reads what follows a backslash: how many characters that takes, and what they stand for.
func unescape(rest []rune) (int, string, error) {
	if len(rest) == 0 {
		return 0, "", fmt.Errorf("failed to read an escape: a backslash ends the value")
	}
	if text, ok := escapes[rest[0]]; ok {
		return 1, text, nil
	}
	form, ok := numbered[rest[0]]
	start := 1
	if !ok && rest[0] >= '0' && rest[0] <= '7' {
		form, start, ok = struct{ digits, base int }{3, 8}, 0, true
	}
	if !ok || len(rest) < start+form.digits {
		return 0, "", fmt.Errorf("failed to read an escape: \\%c is none", rest[0])
	}
	n, err := strconv.ParseUint(string(rest[start:start+form.digits]), form.base, 32)
	if err != nil || n == 0 || n > unicode.MaxRune {
		return 0, "", fmt.Errorf("failed to read an escape: \\%s is none", string(rest[:start+form.digits]))
	}
	if rest[0] == 'u' || rest[0] == 'U' {
		return start + form.digits, string(rune(n)), nil
	}
	if n > 0xff {
		return 0, "", fmt.Errorf("failed to read an escape: \\%s is more than a byte", string(rest[:start+form.digits]))
	}
	return start + form.digits, string([]byte{byte(n)}), nil
}
