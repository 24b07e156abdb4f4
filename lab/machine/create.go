package machine

import (
	"context"
	"fmt"
)

// volumes is what stands on file systems of the machine's own instead of its image's layers: databases, and the layers of
// its own containers.
var volumes = []struct{ name, path string }{
	{"etcd", "/var/lib/etcd"}, {"containerd", "/var/lib/containerd"}, {"kubelet", "/var/lib/kubelet"},
}

// create makes a machine that has not booted yet, with its keys on its disk.
func (l Lab) create(ctx context.Context, h Host, image string, o Options) error {
	files, err := l.identityOf(h, o.ClientKey)
	if err != nil {
		return err
	}
	bounding, err := boundingSet()
	if err != nil {
		return err
	}
	if _, err := docker(ctx, nil, append(l.createArgs(h, bounding), image)...); err != nil {
		return err
	}
	_, err = docker(ctx, files, "cp", "-", l.container(h.Name)+":/")
	return err
}

// createArgs is the command line up to the image's name.
func (l Lab) createArgs(h Host, bounding uint64) []string {
	args := []string{"create", "--name", l.container(h.Name), "--hostname", h.Name, "--label", l.label(), "--label", labelHost + "=" + h.Name,
		"--network", l.network(), "--ip", h.Address, "--network-alias", h.Name,
		"--cgroupns", "private", "--tmpfs", "/run:exec,mode=755", "--tmpfs", "/tmp:exec", "--env", "container=docker", "--stop-signal", "SIGRTMIN+3"}
	for _, name := range h.Names {
		args = append(args, "--network-alias", name)
	}
	for _, v := range volumes {
		name := l.container(h.Name) + "-" + v.name
		args = append(args, "--mount", fmt.Sprintf("type=volume,source=%s,target=%s,volume-label=%s", name, v.path, l.label()))
	}
	return append(args, rights(bounding)...)
}
