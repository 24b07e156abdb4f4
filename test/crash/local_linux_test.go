package crash

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is written on the operator's machine only.
var locals = []struct {
	name string
	// before is run first, then the spec is edited, then the command is crashed.
	before  []string
	old, by string
	spoil   string
	command string
}{
	{name: "from nothing", command: "pki all"},
	{name: "with other names in certificates", before: []string{"pki all"}, old: "pki: {}", by: "pki: {extraSANs: [api.example.com]}", command: "pki all"},
	{name: "with keys of another kind", before: []string{"pki all"}, old: "pki: {}", by: "pki: {key: {algorithm: ecdsa, size: 384}}", command: "pki all"},
	{name: "from nothing", before: []string{"pki all"}, command: "kubeconfig all"},
	{name: "from nothing", before: []string{"pki all"}, command: "encryption-config"},
	{name: "from nothing", before: []string{"pki all", "kubeconfig all", "encryption-config"}, command: "render all"},
	{
		name: "with files that go", before: []string{"pki all", "kubeconfig all", "encryption-config", "render all"},
		old: "pki: {}", by: "pki: {signOnMasters: false}", command: "render all",
	},
}

// localSpec names hosts that no step of this file dials.
const localSpec = `apiVersion: hardway/v1alpha1
kind: Cluster
metadata: {name: crash}
spec:
  kubernetes: {version: v1.36.3}
  etcd: {version: v3.6.16}
  endpoint: {host: api.example.org, port: 6443}
  network: {podCIDR: 10.200.0.0/16, serviceCIDR: 10.32.0.0/24, clusterDomain: cluster.local}
  pki: {}
  hosts:
  - {name: kmaster1, address: 127.64.0.1, roles: [etcd, control-plane]}
  - {name: kmaster2, address: 127.64.0.2, roles: [etcd, control-plane]}
  - {name: kmaster3, address: 127.64.0.3, roles: [etcd, control-plane]}
`

func TestKilledWhileWritingLocally(t *testing.T) {
	for _, c := range locals {
		t.Run(c.command+" "+c.name, func(t *testing.T) {
			template := filepath.Join(scratch, strings.ReplaceAll(t.Name(), "/", "_"))
			must(t, os.Mkdir(template, 0o755))
			must(t, os.WriteFile(filepath.Join(template, "cluster.yaml"), []byte(localSpec), 0o600))
			for _, command := range c.before {
				_, err := hardway(template, strings.Fields(command)...)
				must(t, err)
			}
			must(t, edit(filepath.Join(template, "cluster.yaml"), c.old, c.by))
			args := strings.Fields(c.command)
			uncut := filepath.Join(t.TempDir(), "uncut")
			must(t, copyTree(uncut, template))
			run, _, err := killed(0, uncut, args...)
			must(t, err)
			before, err := lookAt(template)
			must(t, err)
			sweep{
				command: c.command + " " + c.name, point: "file system calls killed", points: len(run.Calls), sample: 17, slots: computing(),
				crash: func(n, _ int, work string) (bool, error) {
					if err := copyTree(work, template); err != nil {
						return false, err
					}
					run, _, err := killed(n, work, args...)
					if err != nil || !run.Killed {
						return false, err
					}
					return true, at(run.Calls[n-1], finishes(work, before, args))
				},
			}.run(t)
		})
	}
}

// finishes runs a command that was killed once more, and holds what has to be true of the work directory before and after.
func finishes(work string, before tree, args []string) error {
	crashed, err := lookAt(work)
	if err != nil {
		return err
	}
	if err := errors.Join(crashed.private(nobody), crashed.matching()); err != nil {
		return fmt.Errorf("right after the crash: %w", err)
	}
	if _, err := hardway(work, args...); err != nil {
		return fmt.Errorf("the rerun failed: %w", err)
	}
	after, err := lookAt(work)
	if err != nil {
		return err
	}
	if err := errors.Join(crashed.whole(before, after), after.private(nobody), after.matching(), after.clean()); err != nil {
		return fmt.Errorf("after the rerun: %w", err)
	}
	if more, err := changes(work, args...); err != nil || len(more) > 0 {
		return fmt.Errorf("a run after the rerun: changes %v, %w", more, err)
	}
	return nil
}

// edit replaces text in a file, which has to be there; no text is no edit.
func edit(file, old, by string) error {
	data, err := os.ReadFile(file)
	if err != nil || old == "" {
		return err
	}
	if !strings.Contains(string(data), old) {
		return fmt.Errorf("%s does not hold %q", file, old)
	}
	return os.WriteFile(file, []byte(strings.Replace(string(data), old, by, 1)), 0o600)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
