package lab

import (
	"errors"
	"io/fs"
	"os"

	"github.com/google/renameio/v2"
)

// replaceFile writes a file of the lab's own, whole or not at all.
func replaceFile(name string, data []byte, mode fs.FileMode) error {
	return renameio.WriteFile(name, data, mode)
}

// readOrMake is the content of a file of the lab's own; the first time it is made.
func readOrMake(name string, make func() ([]byte, error)) ([]byte, error) {
	data, err := os.ReadFile(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	if data, err = make(); err != nil {
		return nil, err
	}
	return data, replaceFile(name, data, 0o600)
}
