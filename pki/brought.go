package pki

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hardway/cluster"
)

// brought is one leaf certificate out of a file.
type brought struct {
	path string
	cert *x509.Certificate
}

// readBrought reads the leaves of all paths in a stable order. CA certificates beside them are left out: an authority
// is trusted only for standing in its own file.
func readBrought(paths []string) ([]brought, error) {
	var problems cluster.Problems
	var all []brought
	for _, path := range paths {
		files, err := certificateFiles(path)
		if err != nil {
			problems = append(problems, cluster.Problem{Subject: path, Message: "it cannot be read: " + reason(err), Hint: "name certificate files, or directories of them"})
		}
		for _, file := range files {
			certs, err := readFile(file)
			if err != nil {
				problems = append(problems, cluster.Problem{Subject: file, Message: err.Error(), Hint: "bring certificates as PEM or DER"})
			}
			for _, c := range certs {
				if !c.IsCA {
					all = append(all, brought{file, c})
				}
			}
		}
	}
	if len(all) == 0 && len(problems) == 0 {
		problems = append(problems, cluster.Problem{Subject: strings.Join(paths, " "), Message: "no signed certificate is there", Hint: "name certificate files, or directories of them"})
	}
	return all, problems.OrNil()
}

// reason is why a path could not be read, without naming it once more.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// certificateFiles is the path itself if it is a file, else every file below it that is named like a certificate.
func certificateFiles(path string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if file == path || slices.Contains([]string{".crt", ".cer", ".pem"}, strings.ToLower(filepath.Ext(file))) {
			files = append(files, file)
		}
		return nil
	})
	return files, err
}

// readFile reads certificates as PEM, or as DER, which is what some authorities hand out.
func readFile(file string) ([]*x509.Certificate, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if certs, err := x509.ParseCertificates(data); err == nil && len(certs) > 0 {
		return certs, nil
	}
	return parseCertificates(data)
}
