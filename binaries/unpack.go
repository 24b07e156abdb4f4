package binaries

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"

	"hardway/cluster"
)

// unpack puts the wanted executables of a verified archive in place: each is the file of its name, in whichever directory.
func (f *Fetcher) unpack(of []Binary, archive string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("failed to unpack %s: %w", of[0].URL.Redacted(), err)
	}
	left := slices.Clone(of)
	for entries := tar.NewReader(unzipped); len(left) > 0; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return lacks(left)
		}
		if err != nil {
			return fmt.Errorf("failed to unpack %s: %w", of[0].URL.Redacted(), err)
		}
		i := slices.IndexFunc(left, func(b Binary) bool { return entry.Typeflag == tar.TypeReg && path.Base(entry.Name) == b.base() })
		if i < 0 {
			continue
		}
		if err := f.take(left[i], entries); err != nil {
			return fmt.Errorf("failed to unpack %s: %w", left[i].Name, err)
		}
		left = slices.Delete(left, i, i+1)
	}
	return nil
}

// take writes one executable beside its place, and puts it there.
func (f *Fetcher) take(b Binary, content io.Reader) error {
	beside := f.Work.Path(f.Spec.Binaries.Dir, fetchDir, b.flat()+".unpacked")
	file, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(file, sum), content)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	return f.place(b, beside, hex.EncodeToString(sum.Sum(nil)))
}

func lacks(left []Binary) error {
	var problems cluster.Problems
	for _, b := range left {
		problems = append(problems, cluster.Problem{
			Subject: b.URL.Redacted(), Message: "there is no " + b.base() + " in the archive",
			Hint: "check the version and the mirror in the spec",
		})
	}
	return problems
}
