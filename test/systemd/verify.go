// Package systemd lets systemd's own analyzer read the units that a host would be given.
package systemd

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"hardway/artifact"
)

// Verify fails the test when systemd-analyze has anything to say about the units. They stand in a root of their own,
// with stubs for the executables they start and for the units that they, and every unit, are ordered by.
func Verify(t testing.TB, files []artifact.File, executables, stubs []string) {
	t.Helper()
	if output := Complaints(t, files, executables, stubs); output != "" {
		t.Errorf("systemd-analyze verify:\n%s", output)
	}
}

// Complaints is what systemd-analyze says of the units among the files; empty when all is well.
func Complaints(t testing.TB, files []artifact.File, executables, stubs []string) string {
	t.Helper()
	root := t.TempDir()
	for _, path := range executables {
		put(t, root, path, 0o755, "#!/bin/sh\n")
	}
	for _, name := range append([]string{"sysinit.target", "basic.target", "shutdown.target", "multi-user.target", "network-online.target"}, stubs...) {
		put(t, root, artifact.UnitDir+"/"+name, 0o644, stub(name))
	}
	var units []string
	for _, f := range files {
		unit, ok := artifact.UnitOf(f.Path)
		if !ok {
			continue
		}
		data, err := artifact.ReadAll(f.Content)
		if err != nil {
			t.Fatal(err)
		}
		put(t, root, f.Path, f.Mode, string(data))
		units = append(units, unit)
	}
	if len(units) == 0 {
		t.Fatal("there is no unit to verify")
	}
	output, err := exec.Command("systemd-analyze", append([]string{"verify", "--man=no", "--root=" + root}, units...)...).CombinedOutput()
	if err != nil && len(output) == 0 {
		t.Fatalf("failed to run systemd-analyze: %v", err)
	}
	return string(output)
}

// stub is a unit that does nothing.
func stub(name string) string {
	if filepath.Ext(name) == ".service" {
		return "[Service]\nType=oneshot\nExecStart=/bin/true\n"
	}
	return "[Unit]\nDescription=stub\n"
}

func put(t testing.TB, root, path string, mode os.FileMode, content string) {
	t.Helper()
	full := filepath.Join(root, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}
