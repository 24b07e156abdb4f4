package pki

import (
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"hardway/artifact"
	"hardway/cluster"
)

// Store is the PKI of one cluster as it stands in the work directory. It holds no certificate or key in memory: every
// call reads what it needs. It is safe for concurrent use.
type Store struct {
	work *artifact.WorkDir
	spec *cluster.Spec

	catalogue func() catalogue
}

// catalogue is the spec's rows with the way to find them.
type catalogue struct {
	rows   []Request
	byNode map[string][]Request
	byID   map[string]Request
}

// Open names the PKI of a work directory; nothing is read yet.
func Open(w *artifact.WorkDir, spec *cluster.Spec) *Store {
	return &Store{work: w, spec: spec, catalogue: sync.OnceValue(func() catalogue {
		c := catalogue{rows: Catalogue(spec), byNode: map[string][]Request{}, byID: map[string]Request{}}
		for _, r := range c.rows {
			c.byNode[r.Node] = append(c.byNode[r.Node], r)
			c.byID[r.ID()] = r
		}
		return c
	})}
}

// WorkDir is the work directory the store reads from: what else a component delivers stands there too.
func (s *Store) WorkDir() *artifact.WorkDir { return s.work }

// problem is an error about one file of the work directory.
func problem(file, hint, format string, args ...any) error {
	return cluster.Problems{{Subject: file, Message: fmt.Sprintf(format, args...), Hint: hint}}
}

// read returns a file of the work directory; nil without an error when it is not there.
func (s *Store) read(file string) ([]byte, error) {
	data, err := os.ReadFile(s.work.Path(file))
	if errors.Is(err, fs.ErrNotExist) {
		if link, dangling := s.work.Dangling(file); dangling {
			return nil, problem(link, "mount or restore what it leads to; if that is gone for good, remove the link", "it is a link that leads nowhere")
		}
		return nil, nil
	}
	if err != nil {
		return nil, problem(file, "look at its permissions", "it cannot be read: %v", err)
	}
	if data == nil {
		data = []byte{}
	}
	return data, nil
}

// exists reports whether a file of the work directory is there.
func (s *Store) exists(file string) bool {
	_, err := os.Lstat(s.work.Path(file))
	return err == nil
}

// readKey returns a private key of the work directory; nil without an error when it is not there. A key that others
// may read is refused: it may have been read.
func (s *Store) readKey(file string) (crypto.Signer, error) {
	data, err := s.read(file)
	if data == nil || err != nil {
		return nil, err
	}
	info, err := os.Stat(s.work.Path(file))
	if err != nil {
		return nil, problem(file, "look at its permissions", "it cannot be read: %v", err)
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return nil, problem(file, "chmod 600 "+file, "others can read this private key: its mode is %04o", info.Mode().Perm())
	}
	key, err := parseKey(data)
	if errors.Is(err, errEncrypted) {
		return nil, problem(file, "decrypt it first: openssl pkey -in "+file+" -out "+file+".plain, then put that in its place with mode 0600",
			"the private key is encrypted, and hardway asks for no passphrase")
	}
	if err != nil {
		return nil, problem(file, "put the right file there; or, if nothing needs this key, move it away to have a new one made", "%v", err)
	}
	return key, nil
}

// message is what a problem says, without the file it is about.
func message(err error) string {
	var found cluster.Problems
	if errors.As(err, &found) && len(found) > 0 {
		return found[0].Message
	}
	return err.Error()
}

// collect gathers problems, so that all are reported in one go; it returns an error that is no problem as it is.
func collect(problems *cluster.Problems, err error) error {
	var found cluster.Problems
	if errors.As(err, &found) {
		*problems = append(*problems, found...)
		return nil
	}
	return err
}
