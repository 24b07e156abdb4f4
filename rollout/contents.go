package rollout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/diff"

	"hardway/artifact"
	"hardway/remote"
)

// Contents is what one file change does to what stands there, for a person to read: a text that is no secret as a
// difference by lines, everything else by its digest.
type Contents struct {
	// Old and New are nil where nothing stands before or after.
	Old *Stand `json:"old,omitempty"`
	New *Stand `json:"new,omitempty"`
	// Diff is a unified diff from what stands on the host to what should; empty where no byte changes, and where Hidden says why.
	Diff string `json:"diff,omitempty"`
	// Hidden says why bytes that differ are not shown.
	Hidden string `json:"hidden,omitempty"`
}

// Stand is a file but for its text.
type Stand struct {
	SHA256 string `json:"sha256"`
	// Size is in bytes, Mode is octal, Owner is user:group.
	Size  int64  `json:"size"`
	Mode  string `json:"mode"`
	Owner string `json:"owner"`
}

// maxShown bounds the texts that are compared by lines, in bytes.
const maxShown = 256 << 10

// HiddenSecret says of a secret why it is not shown.
const HiddenSecret = "it is a secret, or cannot be told from one"

// Why other bytes are not shown.
const (
	hiddenBinary = "it is no text"
	hiddenLarge  = "it is too large"
	hiddenMoved  = "it changed on the host meanwhile"
)

// Contents reads what is needed from the host to say what the change does to each file's bytes, by path. Directories and
// hardway's own record have none.
func (c Change) Contents(ctx context.Context, host remote.Looker) (map[string]Contents, error) {
	files := slices.DeleteFunc(slices.Clone(c.Files), func(f FileChange) bool { return f.File.IsDir() || f.bookkeeping() })
	all := make([]Contents, len(files))
	indices := make([]int, len(files))
	for i := range indices {
		indices[i] = i
	}
	err := remote.ForEach(ctx, indices, readers, func(ctx context.Context, i int) (err error) {
		all[i], err = c.contents(ctx, host, files[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	out := map[string]Contents{}
	for i, f := range files {
		out[f.Path] = all[i]
	}
	return out, nil
}

// readers is how many files of one host are read at the same time.
const readers = 8

func (c Change) contents(ctx context.Context, host remote.Looker, f FileChange) (Contents, error) {
	var out Contents
	if seen := c.State.Paths[f.Path]; seen.Exists {
		out.Old = &Stand{seen.SHA256, seen.Size, fmt.Sprintf("%04o", seen.Mode.Perm()), seen.Owner}
	}
	if f.Verb != Delete {
		sum, err := f.File.Content.SHA256()
		if err != nil {
			return Contents{}, fmt.Errorf("failed to read what %s should hold on %s: %w", f.Path, c.Host, err)
		}
		size, err := f.File.Content.Size()
		if err != nil {
			return Contents{}, fmt.Errorf("failed to read what %s should hold on %s: %w", f.Path, c.Host, err)
		}
		out.New = &Stand{sum, size, fmt.Sprintf("%04o", f.File.Mode.Perm()), f.File.OwnerOrRoot()}
	}
	if out.Old.digest() == out.New.digest() {
		return out, nil
	}
	if out.Hidden = f.hidden(out); out.Hidden != "" {
		return out, nil
	}
	return c.text(ctx, host, f, out)
}

func (s *Stand) digest() string {
	if s == nil {
		return ""
	}
	return s.SHA256
}

// hidden says what can be said without reading: a file that goes is shown only where its place says that it is no secret.
func (f FileChange) hidden(c Contents) string {
	_, isUnit := artifact.UnitOf(f.Path)
	switch {
	case f.File.Secret, path.Ext(f.Path) == ".key", f.Verb == Delete && !isUnit && path.Ext(f.Path) != ".crt":
		return HiddenSecret
	case c.Old != nil && c.Old.Size > maxShown, c.New != nil && c.New.Size > maxShown:
		return hiddenLarge
	}
	return ""
}

func (c Change) text(ctx context.Context, host remote.Looker, f FileChange, out Contents) (Contents, error) {
	var before, after []byte
	var err error
	from, to := "/dev/null", "/dev/null"
	if out.New != nil {
		to = artifact.TreePath(c.Host, f.Path)
		if f.File.Source != "" {
			to = f.File.Source
		}
		if after, err = artifact.ReadAll(f.File.Content); err != nil {
			return Contents{}, fmt.Errorf("failed to read what %s should hold on %s: %w", f.Path, c.Host, err)
		}
	}
	if out.Old != nil {
		from = c.Host + ":" + f.Path
		if before, err = readText(ctx, host, f.Path, out.Old.Size); err != nil {
			return Contents{}, err
		}
	}
	switch {
	case out.Old != nil && artifact.Digest(before) != out.Old.SHA256:
		out.Hidden = hiddenMoved
	case secretive(before) || secretive(after):
		out.Hidden = HiddenSecret
	case !plainText(before) || !plainText(after):
		out.Hidden = hiddenBinary
	default:
		out.Diff = string(diff.Diff(from, before, to, after))
	}
	return out, nil
}

// readText is the file in one piece, for each reading of it is a round trip: as much as it held when it was looked at, and
// one byte more where it has grown.
func readText(ctx context.Context, host remote.Looker, path string, size int64) ([]byte, error) {
	file, err := host.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text := make([]byte, size+1)
	n, err := io.ReadFull(file, text)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: failed to read %s: %w", host.Host(), path, err)
	}
	return text[:n], nil
}

// confidential is what gives a secret away within a text that should hold none: a private key, plain or in base64, a
// credential of a kubeconfig, a key of an encryption config, also where all of it stands in one line, passwords of HAProxy
// and keepalived.
var confidential = regexp.MustCompile(`PRIVATE KEY|LS0tLS1CRUdJTi(BQUklWQVRF|BFQyBQUklWQVRF|BSU0EgUFJJVkFURS|BFTkNSWVBURU|BPUEVOU1NI)|` +
	`(?m:(^|[\s{,])"?(client-key-data|token|password|secret)"?[ \t]*:[ \t]*[^\s{[])|insecure-password|stats[ \t]+auth[ \t]|auth_pass`)

func secretive(text []byte) bool { return confidential.Match(text) }

// plainText: nothing that a terminal would take for more than text.
func plainText(text []byte) bool {
	return utf8.Valid(text) && !bytes.ContainsFunc(text, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0
	})
}
