package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"hardway/remote"
)

// GenerationsDir is where a host keeps what was replaced on it, one directory for each commit.
const GenerationsDir = "/var/lib/hardway/generations"

// KeptRuns is of how many runs a host keeps them, the one that is under way among them; those of the oldest go when a commit
// has succeeded. A run makes one for each of its commits, and is kept whole or not at all.
const KeptRuns = 5

// unfinishedDir is the generation of a commit that has begun and not ended. The name is the marker: it is taken away by one
// rename.
const unfinishedDir = GenerationsDir + "/unfinished"

// recordName is the file in a generation that says what the others are.
const recordName = "record.json"

// Generation is what a host held before a change, as it is recorded there.
type Generation struct {
	// ID is the directory's name: when in UTC, and the run. Names sort by age.
	ID string `json:"-"`
	// Run is the same on all hosts that one run changed; several steps of a run make a generation each.
	Run     string    `json:"run"`
	At      time.Time `json:"at"`
	Who     string    `json:"who"`
	Command string    `json:"command"`
	// Reason is what changed, in a few words.
	Reason string `json:"reason"`
	// PutsBack is the run that was taken back by the change, where it was a rollback.
	PutsBack string `json:"putsBack,omitempty"`
	// Continues is the runs that began this change and were cut off.
	Continues []string `json:"continues,omitempty"`
	Files     []Kept   `json:"files"`
	// Kept is when its host wrote it, by the host's own clock: those of hosts are within seconds of each other, which those of
	// operators need not be. It is part of no record.
	Kept time.Time `json:"-"`

	// dir is where it stands.
	dir string
}

// Kept is what stood at a path.
type Kept struct {
	Path      string `json:"path"`
	Component string `json:"component,omitempty"`
	// Absent: nothing stood there.
	Absent bool `json:"absent,omitempty"`
	// Mode is in octal; Owner is user:group.
	Mode  string `json:"mode,omitempty"`
	Owner string `json:"owner,omitempty"`
	Dir   bool   `json:"dir,omitempty"`
	// Data says of a directory in an Original that units keep their own in it; Held is the names that were in it before.
	Data bool     `json:"data,omitempty"`
	Held []string `json:"held,omitempty"`
	// File is the name in the generation's directory; SHA256 and Size are of its content. Directories have none.
	File   string `json:"file,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Size   int64  `json:"size,omitempty"`
}

// idTime is how a generation's name begins.
const idTime = "20060102T150405.000Z"

func generationID(run Run) string { return run.At.UTC().Format(idTime) + "-" + run.ID }

// fileName makes a path a name in one directory, so that the path can be read from it.
var fileName = strings.NewReplacer("%", "%25", "/", "%2F")

// holds is what is kept of a path, and whether anything is recorded of it.
func (g Generation) holds(path string) (Kept, bool) {
	i := slices.IndexFunc(g.Files, func(k Kept) bool { return k.Path == path })
	if i < 0 {
		return Kept{}, false
	}
	return g.Files[i], true
}

// readGeneration is a generation of a host; fs.ErrNotExist (wrapped) where its record is missing.
func readGeneration(ctx context.Context, host remote.Looker, dir string) (Generation, error) {
	data, err := host.ReadFile(ctx, path.Join(dir, recordName))
	if err != nil {
		return Generation{}, err
	}
	g := Generation{ID: path.Base(dir), dir: dir}
	if err := json.Unmarshal(data, &g); err != nil {
		return Generation{}, fmt.Errorf("failed to read %s on %s: %w", path.Join(dir, recordName), host.Host(), err)
	}
	return g, nil
}

// Generations is what a host keeps, the newest first. One that is unfinished is the newest: a commit was cut off.
func Generations(ctx context.Context, host remote.Looker) ([]Generation, error) {
	entries, err := host.List(ctx, GenerationsDir)
	if err != nil {
		return nil, err
	}
	// "unfinished" sorts behind every time.
	var all []Generation
	for _, entry := range slices.Backward(entries) {
		g, err := readGeneration(ctx, host, path.Join(GenerationsDir, entry.Name))
		if errors.Is(err, fs.ErrNotExist) {
			// Without a record nothing was replaced yet, or it is being pruned.
			continue
		}
		if err != nil {
			return nil, err
		}
		g.Kept = entry.Changed
		all = append(all, g)
	}
	return all, nil
}

// Unfinished reports whether the change it was made for was cut off.
func (g Generation) Unfinished() bool { return g.dir == unfinishedDir }

func (g Generation) encode() ([]byte, error) {
	data, err := json.MarshalIndent(struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Generation
	}{"hardway/v1alpha1", "Generation", g}, "", "  ")
	return append(data, '\n'), err
}
