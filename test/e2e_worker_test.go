//go:build e2e

package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/test/sample"
	"hardway/worker"
)

// TestKubeletAndKubeProxyTakeWhatIsRendered starts the real ones on a node's files. Both read and validate all of it first,
// and then miss the certificates: that is how far they can come on a machine that is no node. A network of their own keeps
// them to themselves.
func TestKubeletAndKubeProxyTakeWhatIsRendered(t *testing.T) {
	spec := sample.Spec(t)
	node := sample.Node(t, spec, "kworker1")
	files, _, err := worker.Outline(spec, node)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for _, f := range files {
		if f.Content == nil {
			continue
		}
		data, err := artifact.ReadAll(f.Content)
		if err != nil {
			t.Fatal(err)
		}
		there := filepath.Join(root, f.Path)
		if err := os.MkdirAll(filepath.Dir(there), 0o700); err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(data), "/etc/kubernetes/", root+"/etc/kubernetes/")
		if err := os.WriteFile(there, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// As a host with control groups of version 1 says it, for itself alone.
	dropIns := filepath.Join(root, worker.KubeletDropInDir)
	if err := os.MkdirAll(dropIns, 0o700); err != nil {
		t.Fatal(err)
	}
	own := "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nfailCgroupV1: false\n"
	if err := os.WriteFile(filepath.Join(dropIns, "10-host.conf"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	kubelet := []string{
		program(t, "kubelet"), "--config=" + root + "/var/lib/kubelet/config.yaml", "--config-dir=" + dropIns,
		"--kubeconfig=" + root + "/etc/kubernetes/kubelet.kubeconfig", "--node-ip=192.168.96.49", "--root-dir=" + root + "/kubelet", "--cert-dir=" + root + "/kubelet",
	}
	kubeProxy := []string{program(t, "kube-proxy"), "--config=" + root + "/etc/kubernetes/kube-proxy.yaml"}
	for _, line := range [][]string{kubelet, kubeProxy} {
		out, err := exec.CommandContext(t.Context(), "unshare", append([]string{"--net"}, line...)...).CombinedOutput()
		said := string(out)
		if err == nil || strings.Contains(said, "strict decoding") || !strings.Contains(said, "unable to read client-cert") {
			t.Errorf("%s: %v\n%s", filepath.Base(line[0]), err, said)
		}
	}
}
