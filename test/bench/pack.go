package main

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"hardway/artifact"
)

// pack makes, with hardway, everything that stands on hosts, and puts it into a tar for each.
func (v *village) pack(ctx context.Context) error {
	for _, step := range []string{"pki all", "kubeconfig all", "encryption-config", "render all"} {
		if _, err := timed(ctx, v.work, nil, v.hardway, strings.Fields(step)...); err != nil {
			return err
		}
	}
	if err := os.Mkdir(filepath.Join(v.work, "tars"), 0o700); err != nil {
		return err
	}
	work := artifact.OpenWorkDir(v.work)
	for _, n := range v.spec.Hosts {
		tree, _, err := artifact.LoadTree(work, n.Name)
		if err == nil {
			err = packTree(filepath.Join(v.work, "tars", n.PrimaryAddress()+".tar"), tree)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func packTree(file string, tree artifact.Tree) (err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := tar.NewWriter(f)
	defer func() { err = errors.Join(err, w.Close(), f.Close()) }()
	for _, entry := range tree.Files {
		if err := packFile(w, entry); err != nil {
			return err
		}
	}
	return nil
}

func packFile(w *tar.Writer, f artifact.File) error {
	user, group, _ := strings.Cut(f.OwnerOrRoot(), ":")
	header := &tar.Header{Name: strings.TrimPrefix(f.Path, "/"), Mode: int64(f.Mode.Perm()), Uname: user, Gname: group, Typeflag: tar.TypeReg}
	if f.IsDir() {
		header.Typeflag, header.Name = tar.TypeDir, header.Name+"/"
		return w.WriteHeader(header)
	}
	var err error
	if header.Size, err = f.Content.Size(); err != nil {
		return err
	}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	content, err := f.Content.Open()
	if err != nil {
		return err
	}
	_, err = io.Copy(w, content)
	return errors.Join(err, content.Close())
}
