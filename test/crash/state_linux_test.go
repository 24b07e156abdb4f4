package crash

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// states is those that crashes have left on the hosts, and that a rerun has finished from. What a rerun does depends on
// what it finds and on nothing else: where nothing runs yet, one that finds the same does the same.
type states struct {
	mu       sync.Mutex
	finished map[string]bool
}

func (s *states) done(state string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return state != "" && s.finished[state]
}

func (s *states) add(state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == "" {
		return
	}
	if s.finished == nil {
		s.finished = map[string]bool{}
	}
	s.finished[state] = true
}

// state is the digest of everything on the hosts; empty while anything runs there, because its memory is part of it then.
func (r *running) state() (string, error) {
	digest := sha256.New()
	for _, row := range r.Status() {
		if row.PID != 0 {
			return "", nil
		}
		fmt.Fprintln(digest, row.Host, row.Unit, row.State, row.Sub)
	}
	for _, h := range hosts {
		seen, err := lookAt(r.Root(h.name))
		if err != nil {
			return "", err
		}
		owners, err := os.ReadFile(filepath.Join(filepath.Dir(r.Root(h.name)), "state", "owners.json"))
		if err != nil && !os.IsNotExist(err) {
			return "", err
		}
		fmt.Fprintf(digest, "%s %d %s\n", h.name, len(seen), owners)
		for _, path := range slices.Sorted(maps.Keys(seen)) {
			e := seen[path]
			if strings.HasSuffix(path, "/record.json") || path == hostLock || strings.HasPrefix(path, lockScratch) {
				// They say when, and which run.
				path, e.data = filepath.Dir(path), ""
			}
			fmt.Fprintf(digest, "%s %v %x\n", path, e.mode, sha256.Sum256([]byte(e.data)))
		}
	}
	return string(digest.Sum(nil)), nil
}
