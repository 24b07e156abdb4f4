package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/google/renameio/v2"
	"github.com/urfave/cli/v2"

	"hardway/lab"
)

// place is where a lab stands: a work directory for hardway, with the hosts in machines/.
type place struct{ dir string }

func placeOf(ctx *cli.Context) (place, error) {
	dir, err := filepath.Abs(ctx.String("dir"))
	return place{dir}, err
}

func (p place) spec() string       { return filepath.Join(p.dir, "cluster.yaml") }
func (p place) knownHosts() string { return filepath.Join(p.dir, "known_hosts") }
func (p place) identity() string   { return filepath.Join(p.dir, "id_ed25519") }
func (p place) gitignore() string  { return filepath.Join(p.dir, ".gitignore") }
func (p place) machines() string   { return filepath.Join(p.dir, "machines") }
func (p place) config() string     { return filepath.Join(p.machines(), "lab.json") }
func (p place) pid() string        { return filepath.Join(p.machines(), "lab.pid") }
func (p place) log() string        { return filepath.Join(p.machines(), "lab.log") }
func (p place) socket() string     { return filepath.Join(p.machines(), "lab.sock") }

// config is what a lab was started with.
type config struct {
	// Driver is empty for hosts on loopback addresses, of which alone the rest is, but for Name.
	Driver string     `json:"driver,omitempty"`
	Hosts  []lab.Host `json:"hosts,omitempty"`
	Port   int        `json:"port,omitempty"`
	// BinDir is the binaries.dir of the cluster.yaml.
	BinDir string `json:"binDir,omitempty"`
	// Name is the lab's name in Docker.
	Name string `json:"name,omitempty"`
}

func (c config) address(h lab.Host) string { return net.JoinHostPort(h.Address, strconv.Itoa(c.Port)) }

func (p place) options(c config) lab.Options {
	return lab.Options{Dir: p.machines(), Hosts: c.Hosts, ClientKey: p.identity(), Port: c.Port, BinDir: c.BinDir}
}

// errNoLab says that no lab was ever started in a directory.
var errNoLab = errors.New("there is no lab")

func (p place) readConfig() (config, error) {
	var c config
	data, err := os.ReadFile(p.config())
	if errors.Is(err, fs.ErrNotExist) {
		return c, hinted{fmt.Errorf("%w in %s", errNoLab, p.dir), "hardway-lab up starts one, --dir names another place"}
	}
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil {
		return c, fmt.Errorf("failed to read what the lab was started with: %w", err)
	}
	return c, nil
}

func (p place) writeConfig(c config) error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p.machines(), 0o755); err != nil {
		return fmt.Errorf("failed to make the lab's directory: %w", err)
	}
	return renameio.WriteFile(p.config(), append(data, '\n'), 0o644)
}
