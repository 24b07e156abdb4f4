// Command image packs static executables as container images of one file each, without Docker and without a registry:
//
//	image ARCHIVE DIRECTORY NAME:TAG…
//
// writes ARCHIVE, as `docker save` would, with an image lab.local/NAME:TAG for each DIRECTORY/NAME. The same executables
// give the same bytes.
package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// registry is no host: nothing is ever pulled from it.
const registry = "lab.local/"

// attributes is what executables have besides their bytes. CoreDNS may listen on port 53 though it is not root, as its
// published image has it from `setcap cap_net_bind_service=+ep`: a struct vfs_cap_data of linux/capability.h, revision 2,
// effective, with bit 10 permitted.
var attributes = map[string]map[string]string{
	"coredns": {"SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x00\x04\x00\x00" + strings.Repeat("\x00", 12)},
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: image ARCHIVE DIRECTORY NAME:TAG…")
		os.Exit(2)
	}
	if err := pack(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func pack(archive, dir string, names []string) error {
	images := map[name.Tag]v1.Image{}
	for _, n := range names {
		tag, err := name.NewTag(registry+n, name.StrictValidation)
		if err != nil {
			return err
		}
		program, _, _ := strings.Cut(n, ":")
		if images[tag], err = image(filepath.Join(dir, program)); err != nil {
			return fmt.Errorf("failed to make image %s: %w", tag, err)
		}
	}
	return tarball.MultiWriteToFile(archive, images)
}

// image holds the one executable and runs it as the user that published images call nonroot.
func image(program string) (v1.Image, error) {
	layer, err := layer(program)
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Config = v1.Config{Entrypoint: []string{"/" + filepath.Base(program)}, User: "65532:65532", WorkingDir: "/"}
	return mutate.ConfigFile(image, config)
}

// layer is the executable alone in the root, owned by root, of no time. It is not compressed: what saves bytes on the way to
// machines of this very host costs each of them its CPU.
func layer(program string) (v1.Layer, error) {
	data, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	name := filepath.Base(program)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(data)), PAXRecords: attributes[name]}); err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return static.NewLayer(buf.Bytes(), types.DockerUncompressedLayer), nil
}
