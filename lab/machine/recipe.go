package machine

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/google/renameio/v2"
)

//go:embed image
var recipeFiles embed.FS

// base is the image that the Dockerfile begins with, and how long a registry has to give it.
const (
	base        = "debian:bookworm"
	pullTimeout = 5 * time.Minute
)

// library is where the recipe stands on a machine.
const library = "/usr/local/lib/hardway-lab"

// recipe makes the machines' image: by Docker where a registry answers, by debootstrap elsewhere. An image is made once for
// each recipe.
type recipe struct {
	cache    string
	progress io.Writer
}

// ensure is the image's name; the image is there.
func (r recipe) ensure(ctx context.Context) (string, error) {
	hash, err := recipeHash()
	if err != nil {
		return "", err
	}
	tag := "hardway-lab:" + hash
	if _, err := docker(ctx, nil, "image", "inspect", "--format", "{{.Id}}", tag); err == nil {
		return tag, nil
	}
	tarball := filepath.Join(r.cache, "machine-"+hash+".tar.gz")
	if _, err := os.Stat(tarball); err == nil {
		return tag, r.load(ctx, tag, tarball)
	}
	dir, err := unpackRecipe()
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := r.make(ctx, tag, dir, tarball); err != nil {
		return "", fmt.Errorf("failed to make the machines' image: %w", err)
	}
	return tag, nil
}

func (r recipe) make(ctx context.Context, tag, dir, tarball string) error {
	pulling, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	if _, err := docker(pulling, nil, "pull", base); err == nil {
		fmt.Fprintf(r.progress, "making the machines' image from %s: once, a minute or two\n", base)
		_, err := docker(ctx, nil, "build", "--tag", tag, dir)
		return err
	} else if ctx.Err() != nil {
		return ctx.Err()
	}
	fmt.Fprintf(r.progress, "no registry gives %s: making the machines' image with debootstrap: once, some three minutes\n", base)
	if err := r.bootstrap(ctx, dir, tarball); err != nil {
		return err
	}
	return r.load(ctx, tag, tarball)
}

// bootstrap makes the tarball of the root file system, whole or not at all.
func (r recipe) bootstrap(ctx context.Context, dir, tarball string) error {
	if err := os.MkdirAll(r.cache, 0o755); err != nil {
		return err
	}
	out, err := renameio.NewPendingFile(tarball, renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer func() { _ = out.Cleanup() }()
	words := []string{"sh", filepath.Join(dir, "debootstrap.sh"), dir}
	if os.Geteuid() != 0 {
		words = append([]string{"sudo", "-n"}, words...)
	}
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	command.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	var said strings.Builder
	command.Stdout, command.Stderr = out, &said
	if err := command.Run(); err != nil {
		return fmt.Errorf("failed to run debootstrap: %w: %s", err, lastLines(said.String(), 5))
	}
	return out.CloseAtomicallyReplace()
}

// load makes a root file system into the image.
func (r recipe) load(ctx context.Context, tag, tarball string) error {
	_, err := docker(ctx, nil, "import", "--change", fmt.Sprintf("ENTRYPOINT [%q]", library+"/init.sh"), tarball, tag)
	return err
}

// recipeHash changes with every file of the recipe, and with what the image is for.
func recipeHash() (string, error) {
	hash := sha256.New()
	fmt.Fprintln(hash, runtime.GOARCH)
	err := eachRecipeFile(func(name string, data []byte) error {
		fmt.Fprintf(hash, "%s %d\n%s", name, len(data), data)
		return nil
	})
	return hex.EncodeToString(hash.Sum(nil))[:12], err
}

// unpackRecipe is a new directory with the recipe's files.
func unpackRecipe() (string, error) {
	dir, err := os.MkdirTemp("", "hardway-lab-recipe.")
	if err != nil {
		return "", err
	}
	err = eachRecipeFile(func(name string, data []byte) error {
		return os.WriteFile(filepath.Join(dir, name), data, 0o644)
	})
	if err != nil {
		return "", errors.Join(fmt.Errorf("failed to unpack the recipe: %w", err), os.RemoveAll(dir))
	}
	return dir, os.Chmod(dir, 0o755)
}

// eachRecipeFile goes through the recipe's files by name.
func eachRecipeFile(fn func(name string, data []byte) error) error {
	entries, err := fs.ReadDir(recipeFiles, "image")
	if err != nil {
		return err
	}
	for _, e := range entries {
		data, err := recipeFiles.ReadFile("image/" + e.Name())
		if err == nil {
			err = fn(e.Name(), data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func lastLines(text string, n int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-n):], "\n")
}
