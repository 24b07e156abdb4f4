package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"hardway/cluster"
	"hardway/lab"
)

// renderSpec is a cluster.yaml for the hosts, valid as it stands.
func renderSpec(p place, port int, all []lab.Host, endpoint string) ([]byte, *cluster.Spec, error) {
	text, err := lab.Spec{Name: "rehearsal", Endpoint: endpoint, Hosts: all, Port: port, IdentityFile: p.identity()}.YAML()
	if err != nil {
		return nil, nil, err
	}
	spec, err := cluster.Parse(text, p.spec())
	return text, spec, err
}

// existingSpec is the cluster.yaml that stands there; nil where there is none. One that is for other hosts is an error,
// whatever else was changed in it is the person's.
func existingSpec(p place, want *cluster.Spec) (*cluster.Spec, error) {
	got, err := p.readSpec()
	if err != nil || got == nil {
		return nil, err
	}
	if reach(got) != reach(want) {
		return nil, otherHosts(p, got, want)
	}
	return got, nil
}

func otherHosts(p place, got, want *cluster.Spec) error {
	return hinted{fmt.Errorf("%s stands there and is for other hosts: it has %s, this lab would have %s", p.spec(), reach(got), reach(want)),
		"give up the same flags as before, or name another place with --dir; nothing was changed"}
}

// reach says which hosts a spec is for and how they are reached.
func reach(s *cluster.Spec) string {
	var hosts []string
	for _, n := range s.Hosts {
		hosts = append(hosts, fmt.Sprintf("%s at %s:%d", n.Name, n.PrimaryAddress(), s.SSHFor(n).Or(cluster.DefaultSSH()).Port))
	}
	return strings.Join(hosts, ", ")
}

// binDir is where the spec's binaries stand, as an absolute path.
func binDir(p place, spec *cluster.Spec) string {
	if filepath.IsAbs(spec.Binaries.Dir) {
		return spec.Binaries.Dir
	}
	return filepath.Join(p.dir, spec.Binaries.Dir)
}

// writeNew writes a file unless one stands there.
func writeNew(name string, data []byte, mode fs.FileMode) error {
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := renameio.WriteFile(name, data, mode); err != nil {
		return fmt.Errorf("failed to write %s: %w", name, err)
	}
	return nil
}

// trust puts the hosts' keys into known_hosts: lines about the same hosts are replaced, all others stay.
func trust(p place, lines []byte) error {
	old, err := os.ReadFile(p.knownHosts())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("failed to read known_hosts: %w", err)
	}
	var ours []string
	for line := range strings.Lines(string(lines)) {
		names, _, _ := strings.Cut(line, " ")
		ours = append(ours, strings.Split(names, ",")...)
	}
	var kept strings.Builder
	for line := range strings.Lines(string(old)) {
		names, _, _ := strings.Cut(line, " ")
		about := func(name string) bool { return slices.Contains(ours, name) }
		if !slices.ContainsFunc(strings.Split(names, ","), about) {
			kept.WriteString(strings.TrimRight(line, "\n") + "\n")
		}
	}
	kept.Write(lines)
	if kept.String() == string(old) {
		return nil
	}
	return renameio.WriteFile(p.knownHosts(), []byte(kept.String()), 0o644)
}
