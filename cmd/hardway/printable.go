package main

import (
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words that are printed may be a host's, or another operator's by way of a lock or a record: what a terminal would obey, or
// would show in another order, is printed as Go would write it.

// printable is a line of text without such characters; tabs stay.
func printable(s string) string {
	if !strings.ContainsFunc(s, unprintable) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if unprintable(r) || r == utf8.RuneError && size == 1 {
			quoted := strconv.QuoteToASCII(s[:size])
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

func unprintable(r rune) bool {
	return r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029')
}

// cell is what fits into a table.
func cell(s string) string { return strings.ReplaceAll(printable(s), "\t", `\t`) }

// paragraph is text of several lines, in which no line can be taken for one of the program's own.
func paragraph(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n  ")
}

// jsonWriter takes whole JSON documents. JSON's own rules leave characters from U+007F on as they are.
type jsonWriter struct{ io.Writer }

// Write writes one document, or event.
func (w jsonWriter) Write(p []byte) (int, error) {
	var b strings.Builder
	for _, r := range string(p) {
		if r != '\n' && unprintable(r) {
			b.WriteString(`\u` + strconv.FormatInt(int64(r)+0x10000, 16)[1:])
		} else {
			b.WriteRune(r)
		}
	}
	_, err := io.WriteString(w.Writer, b.String())
	return len(p), err
}
