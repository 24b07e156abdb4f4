package lab

import (
	"fmt"
	"path"
	"strings"
)

// execLine is one command of a unit, as written: not yet expanded, not yet mapped. See systemd.service(5), "Command
// Lines".
type execLine struct {
	// ignoreFailure is the prefix "-", argv0 is "@", verbatim is ":" (no variables are expanded). The prefixes for
	// privileges, "+" and "!", mean nothing where nobody's identity changes.
	ignoreFailure, argv0, verbatim bool
	words                          []string
}

// parseExec reads the value of ExecStart and its like: commands apart by a lone ";".
func parseExec(value string) ([]execLine, error) {
	words, err := splitCommand(value)
	if err != nil {
		return nil, err
	}
	commands := [][]string{nil}
	for _, w := range words {
		if last := len(commands) - 1; w.separator {
			commands = append(commands, nil)
		} else {
			commands[last] = append(commands[last], w.text)
		}
	}
	if last := len(commands) - 1; last > 0 && commands[last] == nil {
		commands = commands[:last]
	}
	var lines []execLine
	for _, c := range commands {
		line, err := newExecLine(c)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func newExecLine(words []string) (execLine, error) {
	if len(words) == 0 {
		return execLine{}, fmt.Errorf("failed to read a command: there is none before \";\"")
	}
	var line execLine
	program := words[0]
	for ; program != ""; program = program[1:] {
		switch program[0] {
		case '-':
			line.ignoreFailure = true
			continue
		case '@':
			line.argv0 = true
			continue
		case ':':
			line.verbatim = true
			continue
		case '+', '!':
			continue
		}
		break
	}
	if !path.IsAbs(program) {
		return execLine{}, fmt.Errorf("failed to read command %q: the program has to be an absolute path", strings.Join(words, " "))
	}
	line.words = append([]string{program}, words[1:]...)
	if line.argv0 && len(line.words) < 2 {
		return execLine{}, fmt.Errorf("failed to read command %q: @ wants a name after the program", strings.Join(words, " "))
	}
	return line, nil
}

// program is what is executed.
func (l execLine) program() string { return l.words[0] }

// arguments is the command's words with variables expanded, the first being what the process is called.
func (l execLine) arguments(variables []string) []string {
	words := l.words
	if l.argv0 {
		words = words[1:]
	}
	if l.verbatim {
		return words
	}
	out := []string{words[0]}
	for _, w := range words[1:] {
		out = append(out, expand(w, variables)...)
	}
	return out
}

// expand is systemd's: $NAME as a word of its own becomes as many words as its value has, ${NAME} is replaced within a
// word, $$ is a dollar.
func expand(word string, variables []string) []string {
	if name, ok := strings.CutPrefix(word, "$"); ok && isName(name) {
		return strings.Fields(lookup(variables, name))
	}
	var b strings.Builder
	for rest := word; rest != ""; {
		before, after, ok := strings.Cut(rest, "$")
		b.WriteString(before)
		if !ok {
			break
		}
		name, tail, closed := strings.Cut(strings.TrimPrefix(after, "{"), "}")
		switch {
		case strings.HasPrefix(after, "$"):
			b.WriteByte('$')
			rest = after[1:]
		case strings.HasPrefix(after, "{") && closed && isName(name):
			b.WriteString(lookup(variables, name))
			rest = tail
		default:
			b.WriteByte('$')
			rest = after
		}
	}
	return []string{b.String()}
}

// isName reports whether a text is the name of a variable.
func isName(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// lookup is the last value given to a variable; empty without one.
func lookup(variables []string, name string) string {
	for i := len(variables) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(variables[i], name+"="); ok {
			return value
		}
	}
	return ""
}
