package main

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"hardway/cluster"
	"hardway/lab/machine"
)

// adapt makes a spec one for machines as they are here: it names the images of a tar (of none if it is empty), and waives
// what a container cannot have otherwise than its host.
func adapt(s *cluster.Spec, images string) error {
	if err := nameImages(s, images); err != nil {
		return err
	}
	// Machines tell their kubelets to start all the same: see image/kubelet.conf of package machine.
	const cgroup = "cgroup"
	_, err := os.Stat("/sys/fs/cgroup/cgroup.controllers")
	if errors.Is(err, fs.ErrNotExist) && !slices.Contains(s.Waive, cgroup) {
		s.Waive = append(s.Waive, cgroup)
	}
	return nil
}

func nameImages(s *cluster.Spec, images string) error {
	if images == "" {
		return nil
	}
	names, err := machine.ImageNames(images)
	if err != nil {
		return err
	}
	for _, name := range names {
		repository, _, _ := strings.Cut(path.Base(name), ":")
		switch repository {
		case "pause":
			s.Worker.PauseImage = name
		case "coredns":
			s.Addons.Images.CoreDNS = name
		case "metrics-server":
			s.Addons.Images.MetricsServer = name
		}
	}
	return nil
}
