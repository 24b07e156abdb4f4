package rollout

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"hardway/artifact"
	"hardway/remote"
)

// Restored is what a host held before these generations, the newest first, as something to want: comparing and delivering
// it is like any other change; with none it is what stands there now. An unfinished one is undone, as if its change had not
// begun. The want gives the node and what its units read.
func Restored(ctx context.Context, host remote.Looker, want Want, generations ...Generation) (Want, error) {
	r := restoring{host: host, kept: map[string]placed{}}
	for _, g := range generations {
		// The oldest generation that has a path knows what was there before all of them.
		for _, k := range g.Files {
			r.kept[k.Path] = placed{k, g.dir}
		}
	}
	record, err := r.record(ctx)
	if err != nil {
		return Want{}, err
	}
	want.Files, want.foreign = nil, nil
	want.undoes = len(generations) > 0 && generations[0].Unfinished()
	if err := r.addStanding(ctx, &want, record); err != nil {
		return Want{}, err
	}
	err = r.addKept(ctx, &want, record)
	slices.SortFunc(want.Files, func(a, b artifact.File) int { return strings.Compare(a.Path, b.Path) })
	return want, err
}

// placed is what stood at a path, and the generation that has it.
type placed struct {
	Kept
	dir string
}

type restoring struct {
	host remote.Looker
	kept map[string]placed
}

// record is what was delivered to the host before.
func (r restoring) record(ctx context.Context) (delivered, error) {
	k, changed := r.kept[DeliveredPath]
	switch {
	case !changed:
		return readDelivered(ctx, r.host)
	case k.Absent:
		return delivered{}, nil
	}
	data, err := r.host.ReadFile(ctx, k.place())
	if err != nil {
		return nil, err
	}
	return parseDelivered(data, k.place(), r.host)
}

// addStanding wants what was delivered and has not changed since to stay as it stands.
func (r restoring) addStanding(ctx context.Context, want *Want, record delivered) error {
	var q remote.Query
	for path := range record {
		if _, changed := r.kept[path]; !changed {
			q.Paths = append(q.Paths, path)
		}
	}
	if len(q.Paths) == 0 {
		return nil
	}
	state, err := r.host.Look(ctx, q)
	if err != nil {
		return err
	}
	for _, path := range q.Paths {
		if seen := state.Paths[path]; seen.Exists && !seen.IsDir {
			want.Files = append(want.Files, artifact.File{
				Path: path, Mode: seen.Mode.Perm(), Owner: seen.Owner, Component: record[path],
				Content: onHost{ctx, r.host, path, seen.SHA256, seen.Size},
			})
		}
	}
	return nil
}

// nobody is what stat calls an owner who has no name. What was theirs comes back as root's.
const nobody = "UNKNOWN"

// addKept wants what was replaced or taken off. What hardway had not delivered is none of what it will have delivered.
func (r restoring) addKept(ctx context.Context, want *Want, record delivered) error {
	for at, k := range r.kept {
		if k.Absent || at == DeliveredPath {
			continue
		}
		mode, err := strconv.ParseUint(k.Mode, 8, 32)
		if err != nil {
			return fmt.Errorf("failed to read the mode of %s in %s on %s: %w", at, path.Join(k.dir, recordName), r.host.Host(), err)
		}
		f := artifact.File{Path: at, Mode: fs.FileMode(mode), Owner: k.Owner, Component: k.Component}
		if strings.Contains(k.Owner, nobody) {
			f.Owner = ""
		}
		if k.Dir {
			f.Mode |= fs.ModeDir
		} else {
			f.Content = onHost{ctx, r.host, k.place(), k.SHA256, k.Size}
		}
		if component, ours := record[at]; ours {
			f.Component = component
		} else if !k.Dir {
			want.foreign = append(want.foreign, at)
		}
		want.Files = append(want.Files, f)
	}
	return nil
}

func (p placed) place() string { return path.Join(p.dir, p.File) }

// PutBack puts back what Commit replaced on the host, whether the commit ended or not, as if it had not been: the
// generation that it made is gone afterwards. systemd reads its definitions again; no unit is started, stopped or
// restarted, that is for who calls it. One that is cut off is finished by the next commit, or by `hardway rollback`.
func (h Ready) PutBack(ctx context.Context) error {
	if h.kept.dir == "" {
		return nil
	}
	if h.staged != nil {
		// Nothing to do after a commit that ended; what one left that did not even begin is taken off.
		if err := h.staged.Discard(ctx); err != nil {
			return err
		}
	}
	if err := h.reopen(ctx); err != nil {
		return err
	}
	want := h.Change.want
	// Whoever calls it has made sure that the host is still its own.
	want.Confirm = nil
	want, err := Restored(ctx, h.Conn, want, h.kept.generation)
	if err != nil {
		return err
	}
	change, err := Compare(ctx, h.Conn, want)
	if err != nil {
		return err
	}
	again := Host{Conn: h.Conn, Change: change, Components: change.Components()}
	if err := (Batch{again}).Deliver(ctx, 1); err != nil {
		return err
	}
	h.kept.dir = ""
	return nil
}

// reopen makes the generation the one of a commit that has not ended, wherever the commit has left it.
func (h Ready) reopen(ctx context.Context) error {
	dir := h.kept.dir
	if dir == unfinishedDir && h.kept.becomes != "" {
		state, err := h.Conn.Look(ctx, remote.Query{Paths: []string{h.kept.becomes}})
		if err != nil {
			return err
		}
		if state.Paths[h.kept.becomes].Exists {
			dir = h.kept.becomes
		}
	}
	if dir != unfinishedDir {
		if err := h.Conn.Rename(ctx, dir, unfinishedDir); err != nil {
			return err
		}
	}
	h.kept.dir, h.kept.becomes, h.kept.generation.dir = unfinishedDir, "", unfinishedDir
	return nil
}

// onHost is content that stands on a host and is read from there when needed. Its digest is what it should be: what is
// sent is compared with it when it has arrived.
type onHost struct {
	ctx    context.Context //nolint:containedctx // content is opened without a context
	host   remote.Looker
	path   string
	sha256 string
	size   int64
}

// Open begins to read.
func (c onHost) Open() (io.ReadCloser, error) { return c.host.Open(c.ctx, c.path) }

// Size is in bytes, as it was seen.
func (c onHost) Size() (int64, error) { return c.size, nil }

// SHA256 is as it was seen.
func (c onHost) SHA256() (string, error) { return c.sha256, nil }
