package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
)

// owner is who owns a file, by number as SFTP has it.
type owner struct {
	UID uint32 `json:"uid"`
	GID uint32 `json:"gid"`
}

// owners remembers who owns what, because only root can set it. Keys are paths relative to the folder, free of links.
// What is not in it belongs to root. It is kept in a file beside the folder.
type owners struct {
	mu   sync.Mutex
	file string
	of   map[string]owner
}

func openOwners(file string) (*owners, error) {
	o := &owners{file: file, of: map[string]owner{}}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &o.of)
	}
	if err != nil {
		return nil, fmt.Errorf("failed to read the record of owners: %w", err)
	}
	return o, nil
}

func (o *owners) get(at string) owner {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.of[at]
}

func (o *owners) set(at string, who owner) error {
	return o.change(func() {
		if who == (owner{}) {
			delete(o.of, at)
		} else {
			o.of[at] = who
		}
	})
}

// forget is for what is gone, or made anew, with all below it.
func (o *owners) forget(at string) error {
	return o.change(func() { o.take(at) })
}

// move is for a rename: owners travel along.
func (o *owners) move(from, to string) error {
	return o.change(func() {
		moved := o.take(from)
		o.take(to)
		for p, who := range moved {
			o.of[to+strings.TrimPrefix(p, from)] = who
		}
	})
}

// take removes the entries of a path and of all below it, and returns them.
func (o *owners) take(at string) map[string]owner {
	taken := map[string]owner{}
	for p, who := range o.of {
		if p == at || strings.HasPrefix(p, at+"/") {
			taken[p] = who
			delete(o.of, p)
		}
	}
	return taken
}

// change writes the record only when something changed.
func (o *owners) change(do func()) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	before, err := json.Marshal(o.of)
	if err != nil {
		return err
	}
	do()
	after, err := json.Marshal(o.of)
	if err != nil || string(before) == string(after) {
		return err
	}
	return replaceFile(o.file, append(after, '\n'), 0o600)
}
