package lab

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"

	"hardway/binaries"
)

// host is one host of a lab: dir holds its disk in root/, its machine in kernel/, its logs in log/ and what the
// lab remembers of it in state/.
type host struct {
	Host
	dir     string
	options *Options
	key     ssh.Signer
	tree    *tree
	owners  *owners
	spawner *spawner
	kernel  *kernel
	units   *manager
	server  *sshServer
	// packages is what the host has of its distribution; programs is where its programs stand on this machine.
	packages []distribution
	programs map[string]string
}

// distributionUnits is where packages put their units.
const distributionUnits = "/usr/lib/systemd/system"

// skeleton is the directories of a new host, in order.
var skeleton = []struct {
	path string
	mode fs.FileMode
}{
	{"/etc/systemd/system", 0o755}, {"/root", 0o700}, {"/run", 0o755}, {"/tmp", 0o777}, {"/usr/local/bin", 0o755},
	{distributionUnits, 0o755}, {"/var/lib", 0o755}, {"/var/log", 0o755},
}

func newHost(o *Options, spec Host, client ssh.PublicKey, spawner *spawner) (*host, error) {
	h := &host{Host: spec, dir: filepath.Join(o.Dir, spec.Name), options: o, spawner: spawner}
	for _, sub := range []string{"log", "state"} {
		if err := os.MkdirAll(filepath.Join(h.dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("failed to make the folder of %s: %w", h.Name, err)
		}
	}
	var err error
	if h.packages, h.programs, err = packagesOf(spec.Packages); err != nil {
		return nil, fmt.Errorf("%s: %w", h.Name, err)
	}
	if h.key, err = Key(filepath.Join(h.dir, "state", "ssh_host_ed25519_key"), rand.Reader); err != nil {
		return nil, err
	}
	if h.owners, err = openOwners(filepath.Join(h.dir, "state", "owners.json")); err != nil {
		return nil, err
	}
	if h.tree, err = openTree(filepath.Join(h.dir, "root"), h.isTool); err != nil {
		return nil, err
	}
	h.kernel = &kernel{dir: filepath.Join(h.dir, "kernel")}
	h.units = &manager{host: h, services: map[string]*service{}}
	h.server = &sshServer{
		config: serverConfig(h.key, client), files: h.files(), forward: forwarder{h.tree},
		commands: commands{host: h.Name, files: h.files(), units: h.units, digests: &digests{}},
	}
	return h, h.prepare()
}

func (h *host) files() files { return files{h.tree, h.owners} }

func (h *host) mapping() mapping { return mapping{dir: h.tree.dir} }

func (h *host) logFile(unit string) string { return filepath.Join(h.dir, "log", unit+".log") }

// invocation is a number that no other start of a unit has.
func (h *host) invocation() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// prepare makes the disk what it is right after power-on: /run is empty.
func (h *host) prepare() error {
	if err := h.tree.removeAll("/run"); err != nil {
		return fmt.Errorf("failed to empty /run of %s: %w", h.Name, err)
	}
	if err := h.owners.forget("run"); err != nil {
		return err
	}
	for _, dir := range skeleton {
		if _, err := h.tree.lstat(dir.path); err == nil {
			continue
		}
		if err := h.tree.mkdirAll(dir.path, dir.mode); err != nil {
			return fmt.Errorf("failed to make %s of %s: %w", dir.path, h.Name, err)
		}
	}
	if err := (users{h.tree}).prepare(); err != nil {
		return fmt.Errorf("failed to make the users of %s: %w", h.Name, err)
	}
	if err := h.install(); err != nil {
		return err
	}
	if err := h.plugIn(); err != nil {
		return err
	}
	return h.linkBinaries()
}

// boot starts the SSH server and every enabled unit.
func (h *host) boot(ctx context.Context) error {
	killLeftovers(h.dir)
	if err := h.units.reload(); err != nil {
		return err
	}
	address := net.JoinHostPort(h.Address, strconv.Itoa(h.options.Port))
	if err := h.server.listen(ctx, address); err != nil {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	h.units.boot(context.WithoutCancel(ctx))
	return nil
}

// powerOff ends everything at once.
func (h *host) powerOff() error {
	err := h.server.close()
	h.units.crash()
	return err
}

// linkBinaries puts the lab's own tools and the executables of binaries.dir into /usr/local/bin, and the programs of
// packages in their places, as links, where nothing was delivered. A binary counts before a tool of the lab.
func (h *host) linkBinaries() error {
	targets := maps.Clone(h.programs)
	for name := range tools {
		targets[binaries.Path(name)] = h.options.Executable
	}
	if h.options.BinDir != "" {
		entries, err := os.ReadDir(h.options.BinDir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("failed to look for binaries: %w", err)
		}
		for _, e := range entries {
			if !e.IsDir() {
				targets[binaries.Path(e.Name())] = filepath.Join(h.options.BinDir, e.Name())
			}
		}
	}
	for program, target := range targets {
		if err := h.linkBinary(program, target); err != nil {
			return fmt.Errorf("failed to link %s on %s: %w", program, h.Name, err)
		}
	}
	return nil
}

func (h *host) linkBinary(program, target string) error {
	if err := h.tree.mkdirAll(path.Dir(program), 0o755); err != nil {
		return err
	}
	at := strings.TrimPrefix(program, "/")
	if old, err := h.tree.root.Readlink(at); err == nil && old != target {
		if err := h.tree.root.Remove(at); err != nil {
			return err
		}
	}
	err := h.tree.root.Symlink(target, at)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// isTool reports whether a link leads to an executable that linkBinaries links.
func (h *host) isTool(target string) bool {
	return target == h.options.Executable || slices.Contains(slices.Collect(maps.Values(h.programs)), target) ||
		h.options.BinDir != "" && strings.HasPrefix(target, h.options.BinDir+"/") && filepath.Dir(target) == h.options.BinDir
}
