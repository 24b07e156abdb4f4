package remote_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hardway/artifact"
)

// watched tells when a content is opened and when it has been read.
type watched struct {
	artifact.Content
	opened, closed func()
}

// Open tells, and gives the content.
func (w watched) Open() (io.ReadCloser, error) {
	if w.opened != nil {
		w.opened()
	}
	r, err := w.Content.Open()
	return watchedReader{r, w.closed}, err
}

type watchedReader struct {
	io.Reader
	closed func()
}

// Close tells.
func (w watchedReader) Close() error {
	if w.closed != nil {
		w.closed()
	}
	return nil
}

// tree is everything below a directory, with type, mode and content.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	seen := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String()
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			text = text + " " + string(data)
			return errors.Join(err, keep(seen, dir, path, text))
		}
		return keep(seen, dir, path, text)
	}))
	return seen
}

func keep(into map[string]string, dir, path, text string) error {
	name, err := filepath.Rel(dir, path)
	into[name] = text
	return err
}

func paths(tree map[string]string) []string {
	var all []string
	for path := range tree {
		all = append(all, path)
	}
	slices.Sort(all)
	return all
}

func appendTo(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString(text)
	must(t, errors.Join(err, f.Close()))
}
