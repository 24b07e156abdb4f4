package binaries

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"hardway/cluster"
)

// fetchDir is in binaries.dir: what is known of fetched executables, and what is fetched by half.
const fetchDir = ".fetch"

// record is what a fetched executable was when its checksum had been verified.
type record struct {
	Version string `json:"version"`
	Arch    string `json:"arch"`
	SHA256  string `json:"sha256"`
	URL     string `json:"url"`
}

// recordPath is relative to the work directory.
func recordPath(spec *cluster.Spec, b Binary) string {
	return filepath.Join(spec.Binaries.Dir, fetchDir, b.flat()+".json")
}

// readRecord is the zero record of what was not fetched.
func readRecord(path string) (record, error) {
	var r record
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return r, fmt.Errorf("failed to read what is known of a fetched executable, %s: %w", path, err)
	}
	return r, nil
}

func (r record) write(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = renameio.WriteFile(path, append(data, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("failed to write down what was fetched, %s: %w", path, err)
	}
	return nil
}
