package etcd

import (
	"bytes"
	"path/filepath"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"hardway/artifact"
)

// corrupt changes a value in the database of a stopped member.
func (m *member) corrupt(from, to string) {
	m.t.Helper()
	db, err := bolt.Open(filepath.Join(m.path(DataDir), "member", "snap", "db"), 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	changed := false
	err = db.Update(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte("key"))
		return bucket.ForEach(func(k, v []byte) error {
			if !bytes.Contains(v, []byte(from)) {
				return nil
			}
			changed = true
			return bucket.Put(bytes.Clone(k), bytes.ReplaceAll(v, []byte(from), []byte(to)))
		})
	})
	if err != nil || !changed {
		m.t.Fatalf("the database holds no %q: %v", from, err)
	}
}

// without takes a flag out of the member's unit.
func (m *member) without(flag string) {
	m.t.Helper()
	var kept []string
	for line := range strings.Lines(string(content(m.t, m.unit))) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--"+flag+"=") {
			kept = append(kept, line)
		}
	}
	m.unit.Content = artifact.Bytes([]byte(strings.Join(kept, "")))
}
