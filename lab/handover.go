package lab

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

// handover maps what a unit's command names, and files that themselves name paths of the host: such a file is handed over
// as a copy in which they are mapped too. A file that names none is handed over as it stands, so that a program which
// watches it sees every change; a copy is made anew at each start and reload.
type handover struct {
	host *host
	// program is who the files are for, dir is where its copies stand: outside of the host's disk.
	program, dir string
	// workingDirectory is where the program starts.
	workingDirectory string
	// done is where each path was handed over from; a file that names itself is not followed for ever.
	done map[string]string
	err  error
}

func (s *service) handover(program, workingDirectory string) *handover {
	return &handover{
		host: s.host, program: path.Base(program), dir: filepath.Join(s.host.dir, "handover", s.name),
		workingDirectory: workingDirectory, done: map[string]string{},
	}
}

// words maps the words of a command. It fails where a copy cannot be written.
func (h *handover) words(words []string) ([]string, error) {
	out := h.mapping().words(words)
	return out, h.err
}

func (h *handover) mapping() mapping { return mapping{dir: h.host.tree.dir, instead: h.instead} }

func (h *handover) instead(p string) (string, bool) {
	if at, ok := h.done[p]; ok {
		return at, true
	}
	if at, ok := h.socket(p); ok {
		return at, true
	}
	text, ok := h.configuration(p)
	if !ok {
		return "", false
	}
	h.done[p] = h.host.tree.dir + p
	mapped := h.unprivileged(h.mapped(text))
	if bytes.Equal(mapped, text) {
		return "", false
	}
	at, err := h.write(p, mapped)
	h.err = errors.Join(h.err, err)
	h.done[p] = at
	return at, true
}

// longestSocket is how long a socket's path may be for every program to be able to listen there: 107 bytes for the kernel,
// less what HAProxy appends while it takes a socket over.
const longestSocket = 107 - len(".4194304.tmp")

// socket names a socket that stands too deep in the folder by way of the program's own working directory.
func (h *handover) socket(p string) (string, bool) {
	if path.Ext(p) != ".sock" || len(h.host.tree.dir+p) <= longestSocket || h.workingDirectory != h.host.tree.dir {
		return "", false
	}
	return "/proc/self/cwd" + p, true
}

// configurations is where files stand that programs read and do not write.
const configurations = "/etc/"

// largestConfiguration is in bytes; what is larger is data.
const largestConfiguration = 1 << 20

// configuration is the text of a file that may name others.
func (h *handover) configuration(p string) ([]byte, bool) {
	if !strings.HasPrefix(p, configurations) {
		return nil, false
	}
	info, err := h.host.tree.stat(p)
	if err != nil || !info.Mode().IsRegular() || info.Size() > largestConfiguration {
		return nil, false
	}
	text, err := h.host.tree.readFile(p)
	return text, err == nil && utf8.Valid(text) && bytes.IndexByte(text, 0) < 0
}

// named is an absolute path in a text, after what may stand before one. Paths of URLs are none, but those of sockets and
// files are.
var named = regexp.MustCompile(`(?m)(^|[\s"'=:,@(\[{]|unix://|file://)(/[\w.][\w./+-]*)`)

func (h *handover) mapped(text []byte) []byte {
	m := h.mapping()
	return named.ReplaceAllFunc(text, func(found []byte) []byte {
		parts := named.FindSubmatch(found)
		if p := string(parts[2]); h.belongs(p) {
			return append(bytes.Clone(parts[1]), m.path(p)...)
		}
		return found
	})
}

// belongs reports whether a path is one of the host's: it stands there, or the directory does that it would stand in.
// The path of an API, such as /readyz, does not.
func (h *handover) belongs(p string) bool {
	if _, err := h.host.tree.stat(p); err == nil {
		return true
	}
	dir := path.Dir(clean(p))
	if dir == "/" {
		return false
	}
	info, err := h.host.tree.stat(dir)
	return err == nil && info.IsDir()
}

// privileges is the lines of a program's configuration that change who it runs as and what it sees of the machine, which
// needs root. As with User= of a unit, nobody's identity changes here.
var privileges = map[string]*regexp.Regexp{
	"haproxy": regexp.MustCompile(`(?m)^[ \t]*(?:chroot|user|group|uid|gid)[ \t]+\S+[ \t]*$`),
}

func (h *handover) unprivileged(text []byte) []byte {
	if lines, ok := privileges[h.program]; ok {
		return lines.ReplaceAll(text, []byte("# not done on this host: $0"))
	}
	return text
}

// write puts a copy down, readable for nobody else: what it is a copy of may be secret.
func (h *handover) write(p string, text []byte) (string, error) {
	at := filepath.Join(h.dir, p)
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		return at, err
	}
	if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return at, err
	}
	return at, os.WriteFile(at, text, 0o600)
}
