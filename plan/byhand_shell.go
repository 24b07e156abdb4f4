package plan

import (
	"strings"
)

// quote is a word of shell: plain words as they are, anything else in single quotes.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@=+,", r)
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}

// lines joins commands that follow each other.
func lines(commands ...string) string { return strings.Join(commands, "\n") }

// allOf runs commands until one fails.
func allOf(commands []string) string { return strings.Join(commands, " &&\n") }

// heredoc feeds text to a command exactly as it is; text ends with a newline.
func heredoc(command, text string) string {
	return command + " <<'EOF'\n" + strings.TrimSuffix(text, "\n") + "\nEOF"
}

// expanded is heredoc for text in which the shell replaces each token by what a command prints.
func expanded(command, text string, tokens map[string]string) string {
	text = strings.NewReplacer(`\`, `\\`, `$`, `\$`, "`", "\\`").Replace(text)
	for token, by := range tokens {
		text = strings.ReplaceAll(text, token, "$("+by+")")
	}
	return command + " <<EOF\n" + strings.TrimSuffix(text, "\n") + "\nEOF"
}

// unless runs a command where none of the files stands yet.
func unless(command string, files ...string) string {
	var b strings.Builder
	for _, f := range files {
		b.WriteString("[ -e " + quote(f) + " ] || ")
	}
	return strings.TrimSuffix(b.String(), " ") + "\n" + indent(command, "  ")
}

// whole makes a file by a command that writes to <file>.new, which counts only once all of it is there.
func whole(file string, command func(draft string) string) string {
	draft := file + ".new"
	return lines(
		"if [ ! -e "+quote(file)+" ]; then",
		"  "+command(draft),
		"  mv "+quote(draft)+" "+quote(file),
		"fi")
}
