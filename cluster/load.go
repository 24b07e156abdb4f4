package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v2"
)

// load reads the one document of a YAML file as plain maps, lists and scalars. The error is Problems, with file:line as
// the subject where the line is known.
func load(data []byte, file string) (any, error) {
	if len(data) > maxSize {
		return nil, Problems{{Subject: file, Message: fmt.Sprintf("is larger than a spec can be, %d KiB", maxSize>>10),
			Hint: "name the cluster.yaml with -f; this is another file"}}
	}
	documents, err := documents(data)
	if err != nil {
		return nil, syntaxProblems(data, file, err)
	}
	switch len(documents) {
	case 0:
		return nil, Problems{{Subject: file, Message: "is empty", Hint: "hardway init writes a commented cluster.yaml to start from"}}
	case 1:
		return documents[0], nil
	}
	return nil, Problems{{Subject: file, Message: "holds several documents, want one",
		Hint: "keep one cluster per file, without a --- between parts of it, and name the file with -f"}}
}

// documents is every document of the file that says anything.
func documents(data []byte) ([]any, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.SetStrict(true)
	var all []any
	for {
		var one any
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if one != nil {
			all = append(all, one)
		}
	}
}

// yamlLine finds the line in the YAML parser's messages: "yaml: line 3: did not find …", "line 4: key … already set".
var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)

// syntaxProblems puts the parser's error into one problem per line that it complains about.
func syntaxProblems(data []byte, file string, err error) Problems {
	if line, what := unreadable(data); line > 0 {
		return Problems{{Subject: fmt.Sprintf("%s:%d", file, line), Message: what, Hint: syntaxHint}}
	}
	messages := []string{err.Error()}
	var typeError *yaml.TypeError
	if errors.As(err, &typeError) {
		messages = typeError.Errors
	}
	var problems Problems
	for _, message := range messages {
		problems = append(problems, syntaxProblem(file, message))
	}
	return problems
}

const syntaxHint = "YAML is plain UTF-8 text that indents by spaces, never by tabs"

func syntaxProblem(file, message string) Problem {
	subject := file
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		subject, message = file+":"+m[1], m[2]
	}
	hint := syntaxHint
	if strings.Contains(message, "already set in map") {
		hint = "a key stands once in its map: remove one of the two"
	}
	return Problem{Subject: subject, Message: "is not valid YAML: " + strings.TrimPrefix(message, "yaml: "), Hint: hint}
}

// unreadable is the first line (from 1) that holds what no YAML file may hold, and what that is; 0 if there is none.
func unreadable(data []byte) (int, string) {
	for i, line := range bytes.Split(data, []byte("\n")) {
		indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		switch {
		case !utf8.Valid(line) || bytes.ContainsFunc(line, control):
			return i + 1, "holds bytes that are not text"
		case bytes.ContainsRune(indent, '\t'):
			return i + 1, "is indented with a tab"
		}
	}
	return 0, ""
}

// control reports the characters that YAML 1.1 does not allow in a stream.
func control(r rune) bool { return r < ' ' && r != '\t' && r != '\r' && r != '\n' || r == 0x7f }
