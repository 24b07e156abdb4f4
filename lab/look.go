package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"

	"hardway/remote"
)

// look answers what hardway asks to see, in Go: owners are those recorded, units those of the stand-in.
func (c commands) look(q remote.Query) remote.State {
	state := remote.State{
		Paths: map[string]remote.PathState{}, Units: map[string]remote.UnitState{}, Owners: map[string]remote.Owner{},
	}
	names := map[owner]string{}
	for _, p := range q.Paths {
		if seen, ok := c.lookAt(p, names); ok {
			state.Paths[p] = seen
		}
	}
	for _, unit := range q.Units {
		state.Units[unit] = c.units.state(unit)
	}
	people := users{c.files.tree}
	for _, o := range q.Owners {
		user, group, _ := strings.Cut(o, ":")
		uid, userExists := people.uid(user)
		gid, groupExists := people.gid(group)
		if userExists && groupExists {
			state.Owners[o] = remote.Owner{UID: int(uid), GID: int(gid)}
		}
	}
	return state
}

// lookAt follows links, as stat -L does; false where nothing stands or it cannot be read. Names is those of the owners that
// were met before.
func (c commands) lookAt(p string, names map[owner]string) (remote.PathState, bool) {
	info, err := c.files.tree.stat(p)
	if err != nil {
		return remote.PathState{}, false
	}
	who := c.files.ownerOf(p, true)
	if _, known := names[who]; !known {
		people := users{c.files.tree}
		names[who] = people.name(passwdPath, who.UID) + ":" + people.name(groupPath, who.GID)
	}
	seen := remote.PathState{Exists: true, IsDir: info.IsDir(), Mode: info.Mode().Perm(), Owner: names[who]}
	switch {
	case info.IsDir():
		seen.Empty = c.empty(p)
	case info.Mode().IsRegular():
		seen.Size, seen.SHA256 = info.Size(), c.digest(p, info)
	}
	return seen, true
}

func (c commands) empty(p string) bool {
	at, err := c.files.tree.resolve(p, true)
	if err != nil {
		return false
	}
	entries, err := fs.ReadDir(c.files.tree.root.FS(), path.Clean(at))
	return err == nil && len(entries) == 0
}

// digest is empty for a file that cannot be read.
func (c commands) digest(p string, info fs.FileInfo) string {
	return c.digests.get(p, info, func() string {
		f, err := c.files.tree.open(p)
		if err != nil {
			return ""
		}
		defer f.Close()
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return ""
		}
		return hex.EncodeToString(h.Sum(nil))
	})
}

// digests remembers the digests of large files, which are executables: they are asked for at every look and never change.
type digests struct {
	mu sync.Mutex
	of map[string]seenDigest
}

type seenDigest struct {
	size    int64
	modTime time.Time
	sum     string
}

// largeFile is from where on a digest is remembered, in bytes. Smaller ones are always computed anew, so that not even a
// change that keeps time and size goes unseen.
const largeFile = 1 << 20

func (d *digests) get(p string, info fs.FileInfo, compute func() string) string {
	if info.Size() < largeFile {
		return compute()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if seen, ok := d.of[p]; ok && seen.size == info.Size() && seen.modTime.Equal(info.ModTime()) {
		return seen.sum
	}
	if d.of == nil {
		d.of = map[string]seenDigest{}
	}
	sum := compute()
	d.of[p] = seenDigest{info.Size(), info.ModTime(), sum}
	return sum
}
