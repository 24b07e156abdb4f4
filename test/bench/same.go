package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// sameSize makes sure that a directory holds as much below pki/ as ours does: as many files, and bytes within a
// twentieth, because random numbers differ in length.
func sameSize(ctx context.Context, dir string) error {
	ours, err := os.MkdirTemp(dir, "ours-")
	if err != nil {
		return err
	}
	if _, err := issueInProcess(ctx, ours); err != nil {
		return err
	}
	wantFiles, wantBytes, err := sizeOf(filepath.Join(ours, "pki"))
	if err != nil {
		return err
	}
	files, bytes, err := sizeOf(filepath.Join(dir, "pki"))
	if err != nil {
		return err
	}
	if files != wantFiles || bytes < wantBytes*19/20 || bytes > wantBytes*21/20 {
		return fmt.Errorf("wrote %d files of %d bytes, ours writes %d of %d: that is no comparison", files, bytes, wantFiles, wantBytes)
	}
	return nil
}

func sizeOf(dir string) (files int, bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files, bytes = files+1, bytes+info.Size()
		return nil
	})
	return files, bytes, err
}
