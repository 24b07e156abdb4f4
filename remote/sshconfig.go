package remote

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ssh_config(5) is read here and not by a library: those at hand do not know the file and line of an included setting,
// and fail on any Match but the simplest. A test compares what is made of it with what `ssh -G` says.

// configFile is one file of the operator's ssh_config, with what it includes.
type configFile struct {
	path  string
	lines []configLine
}

// configLine is one line: a keyword in lower case and its words. Included is the files of an Include line.
type configLine struct {
	at       string
	keyword  string
	words    []string
	included []*configFile
}

// maxIncludes is how deep files may include files, as in OpenSSH.
const maxIncludes = 16

// configReader reads ssh_config files; relative includes stand in dir, ~ is home.
type configReader struct{ home, dir string }

// read takes a file in; nil where there is none. A file that others may write could send connections anywhere: OpenSSH
// refuses it too.
func (r configReader) read(path string, depth int) (*configFile, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) && depth > 0 {
		return nil, nil
	}
	if err != nil {
		return nil, &HostError{Message: fmt.Sprintf("failed to read %s: %v", path, err), Hint: "mend that file", Err: err}
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o022 != 0 && strings.HasPrefix(path, r.home+"/") {
		return nil, &HostError{Message: path + " can be written by others", Hint: "chmod 600 " + path}
	}
	file := &configFile{path: path}
	number := 0
	for text := range strings.Lines(string(data)) {
		number++
		line := configLine{at: fmt.Sprintf("%s:%d", path, number)}
		if err := r.parse(&line, text, depth); err != nil {
			return nil, err
		}
		if line.keyword != "" {
			file.lines = append(file.lines, line)
		}
	}
	return file, nil
}

// parse splits a line; comments and empty lines leave the keyword empty.
func (r configReader) parse(line *configLine, text string, depth int) error {
	text = strings.TrimSpace(text)
	if text == "" || text[0] == '#' {
		return nil
	}
	end := strings.IndexAny(text, " \t=")
	if end < 0 {
		end = len(text)
	}
	line.keyword = strings.ToLower(strings.Trim(text[:end], `"`))
	rest := strings.TrimLeft(text[end:], " \t")
	rest = strings.TrimLeft(strings.TrimPrefix(rest, "="), " \t")
	var ok bool
	if line.words, ok = splitWords(rest); !ok {
		return line.bad("a quote is not closed")
	}
	if line.keyword == "include" {
		return r.include(line, depth)
	}
	return nil
}

// splitWords splits as OpenSSH does: by blanks, outside of quotes, up to a comment. False where a quote is left open.
func splitWords(text string) (words []string, ok bool) {
	var word strings.Builder
	inWord, quote := false, byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		escapes := c == '\\' && i+1 < len(text) && (strings.IndexByte(`'"\`, text[i+1]) >= 0 || quote == 0 && text[i+1] == ' ')
		switch {
		case escapes:
			i++
			word.WriteByte(text[i])
			inWord = true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, inWord = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		case quote == 0 && c == '#' && !inWord:
			return words, true
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, quote == 0
}

func (r configReader) include(line *configLine, depth int) error {
	if depth >= maxIncludes {
		return line.bad("files include each other too deeply")
	}
	for _, pattern := range line.words {
		if rest, ok := strings.CutPrefix(pattern, "~/"); ok {
			pattern = filepath.Join(r.home, rest)
		} else if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(r.dir, pattern)
		}
		paths, err := filepath.Glob(pattern)
		if err != nil {
			return line.bad(fmt.Sprintf("%q is no pattern of files", pattern))
		}
		for _, path := range paths {
			file, err := r.read(path, depth+1)
			if err != nil {
				return err
			}
			if file != nil {
				line.included = append(line.included, file)
			}
		}
	}
	return nil
}

// bad is an error about the line.
func (l *configLine) bad(message string) error {
	return &HostError{Message: l.at + ": " + message, Hint: "mend that line of the ssh configuration"}
}
