package machine

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// importScript starts containerd, which the image leaves off, and has it take the images on standard input. It keeps what
// they were beside them.
const importScript = `set -e
systemctl start containerd
ctr --namespace k8s.io images import - >/dev/null
echo "$1" >` + importedFile

// importedFile holds the digest of the images that were imported last.
const importedFile = "/var/lib/containerd/hardway-lab-images"

// importImages gives the machines that run pods their images, where they were not given the same ones before.
func (l Lab) importImages(ctx context.Context, o Options) error {
	digest, err := digestOf(o.Images)
	if err != nil {
		return err
	}
	return forEach(ctx, o.Hosts, func(ctx context.Context, h Host) error {
		if !h.RunsPods || l.imported(ctx, h) == digest {
			return nil
		}
		images, err := os.Open(o.Images)
		if err != nil {
			return err
		}
		defer images.Close()
		if _, err := docker(ctx, images, "exec", "--interactive", l.container(h.Name), "sh", "-c", importScript, "import", digest); err != nil {
			return fmt.Errorf("failed to import %s on %s: %w", o.Images, h.Name, err)
		}
		return nil
	})
}

// imported is the digest of the images that a machine has; empty where it has none.
func (l Lab) imported(ctx context.Context, h Host) string {
	digest, err := docker(ctx, nil, "exec", l.container(h.Name), "cat", importedFile)
	if err != nil {
		return ""
	}
	return digest
}

// ImageNames is the names of the images in a tar as `docker save` makes it.
func ImageNames(file string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("failed to read the images: %w", err)
	}
	defer f.Close()
	r := tar.NewReader(f)
	for header, err := r.Next(); ; header, err = r.Next() {
		if err != nil {
			return nil, fmt.Errorf("failed to read the images: %s has no manifest.json: %w", file, err)
		}
		if header.Name == "manifest.json" {
			break
		}
	}
	var images []struct{ RepoTags []string }
	if err := json.NewDecoder(r).Decode(&images); err != nil {
		return nil, fmt.Errorf("failed to read manifest.json of %s: %w", file, err)
	}
	var names []string
	for _, image := range images {
		names = append(names, image.RepoTags...)
	}
	return names, nil
}

func digestOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("failed to read the images: %w", err)
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", fmt.Errorf("failed to read the images: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
