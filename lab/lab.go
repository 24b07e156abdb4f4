package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"hardway/cluster"
)

// DefaultPort is where hosts listen for SSH; 22 would need root.
const DefaultPort = 2222

// Host is one host: its name, and the loopback address that is its own.
type Host struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	// Packages is what the host has of its distribution: haproxy.
	Packages []string `json:"packages,omitempty"`
	// Roles is what a spec has it for; the lab itself makes no difference.
	Roles []cluster.Role `json:"roles,omitempty"`
}

// Options is what a lab is made of.
type Options struct {
	// Dir holds a folder per host. What stands there is kept and used again.
	Dir   string
	Hosts []Host
	// ClientKey is the file of the private key that hosts let in, made where it is missing; empty is id_ed25519 in Dir.
	ClientKey string
	// Port is where every host listens for SSH, DefaultPort if 0.
	Port int
	// Executable calls RunAsTool first thing in its main function; empty is the running executable.
	Executable string
	// BinDir holds further binaries, which hosts find in /usr/local/bin; empty for none.
	BinDir string
}

// Lab is hosts that run.
type Lab struct {
	options Options
	hosts   []*host
	spawner *spawner
	closing sync.Once
}

// Start makes the hosts, or takes up those that stand in Dir, and returns when all of them answer; units that are enabled
// there are being started. ctx bounds only the start. The caller closes the lab.
func Start(ctx context.Context, o Options) (*Lab, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	l := &Lab{options: o, spawner: newSpawner()}
	if err := l.start(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (o *Options) complete() (err error) {
	if o.Port == 0 {
		o.Port = DefaultPort
	}
	if o.Executable == "" {
		if o.Executable, err = os.Executable(); err != nil {
			return fmt.Errorf("failed to find the lab's own executable: %w", err)
		}
	}
	if o.ClientKey == "" {
		o.ClientKey = filepath.Join(o.Dir, "id_ed25519")
	}
	for _, p := range []*string{&o.Dir, &o.ClientKey, &o.Executable, &o.BinDir} {
		if *p == "" {
			continue
		}
		if *p, err = filepath.Abs(*p); err != nil {
			return fmt.Errorf("failed to find the lab's folders: %w", err)
		}
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return fmt.Errorf("failed to make the lab's folder: %w", err)
	}
	return nil
}

func (l *Lab) start(ctx context.Context) error {
	client, err := Key(l.options.ClientKey, rand.Reader)
	if err != nil {
		return err
	}
	for _, spec := range l.options.Hosts {
		h, err := newHost(&l.options, spec, client.PublicKey(), l.spawner)
		if err != nil {
			return err
		}
		l.hosts = append(l.hosts, h)
	}
	for _, h := range l.hosts {
		if err := h.boot(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Close is a power cut on every host: whatever runs there is killed. The folders stay.
func (l *Lab) Close() error {
	var errs []error
	l.closing.Do(func() {
		for _, h := range l.hosts {
			errs = append(errs, h.powerOff())
		}
		for _, h := range l.hosts {
			errs = append(errs, h.tree.close())
		}
		l.spawner.close()
	})
	return errors.Join(errs...)
}

func (l *Lab) host(name string) (*host, error) {
	for _, h := range l.hosts {
		if h.Name == name {
			return h, nil
		}
	}
	return nil, fmt.Errorf("the lab has no host %q", name)
}

// Root is the folder that stands for a host's disk; empty for a host that the lab does not have.
func (l *Lab) Root(host string) string {
	h, err := l.host(host)
	if err != nil {
		return ""
	}
	return h.tree.dir
}
