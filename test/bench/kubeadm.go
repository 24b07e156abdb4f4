package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"hardway/cluster"
	"hardway/pki"
)

// kubeadmFiles is how many files kubeadm makes for a master.
const kubeadmFiles = 22

// notKubeadms is the leaves of a master that `kubeadm init phase certs` does not make: they are in its kubeconfigs.
var notKubeadms = []string{"admin", "super-admin", "controller-manager", "controller-manager-serving", "scheduler", "scheduler-serving"}

// masterSet is B2: the certificates of one master.
func masterSet(ctx context.Context, b *bench) ([]row, error) {
	return b.race(ctx,
		[]contestant{
			{name: "whole process, one master", run: b.masterAsProcess},
			{name: "in process, kubeadm's set", run: masterInProcess},
			{name: "kubeadm", run: kubeadm},
		},
		[]matchup{
			{"B2 one master, whole process : kubeadm", "whole process, one master", "kubeadm", atMost(1)},
			{"B2 kubeadm's set in process : kubeadm", "in process, kubeadm's set", "kubeadm", atLeast(2)},
		})
}

// oneMaster is a work directory for one master and nothing else.
func oneMaster(dir string) (*cluster.Spec, error) {
	file, data := filepath.Join(dir, "cluster.yaml"), []byte(specHead+"  - {name: kmaster1, address: 172.16.0.1, roles: [etcd, control-plane]}\n")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return nil, err
	}
	return cluster.Parse(data, file)
}

func (b *bench) masterAsProcess(ctx context.Context, dir string) (time.Duration, error) {
	if _, err := oneMaster(dir); err != nil {
		return 0, err
	}
	took, err := timed(ctx, dir, nil, b.hardway, "pki", "all")
	if err != nil {
		return 0, err
	}
	return took, holds(dir, kubeadmFiles)
}

// masterInProcess makes what kubeadm makes, and three bundles, which kubeadm does without.
func masterInProcess(ctx context.Context, dir string) (time.Duration, error) {
	spec, err := oneMaster(dir)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	s := store(dir, spec)
	decisions, err := s.Plan(time.Now())
	if err != nil {
		return 0, err
	}
	err = s.Apply(ctx, slices.DeleteFunc(decisions, func(d pki.Decision) bool { return slices.Contains(notKubeadms, d.Name) }))
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	return took, holds(dir, kubeadmFiles)
}

// kubeadm makes ECDSA P-256 keys, as ours does by default.
func kubeadm(ctx context.Context, dir string) (time.Duration, error) {
	config := fmt.Sprintf(`apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 172.16.0.1}
nodeRegistration: {name: kmaster1}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.3
controlPlaneEndpoint: api.bench.local:6443
networking: {serviceSubnet: 10.32.0.0/24}
certificatesDir: %s
encryptionAlgorithm: ECDSA-P256
`, filepath.Join(dir, "pki"))
	if err := os.WriteFile(filepath.Join(dir, "kubeadm.yaml"), []byte(config), 0o644); err != nil {
		return 0, err
	}
	took, err := timed(ctx, dir, nil, "kubeadm", "init", "phase", "certs", "all", "--config", "kubeadm.yaml")
	if err != nil {
		return 0, err
	}
	return took, holds(dir, kubeadmFiles)
}

// holds makes sure that there are at least so many files below pki/.
func holds(dir string, least int) error {
	files, _, err := sizeOf(filepath.Join(dir, "pki"))
	if err == nil && files < least {
		err = fmt.Errorf("made %d files, want %d at least", files, least)
	}
	return err
}
