package pki

import (
	"crypto/x509"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hardway/artifact"
	"hardway/cluster"
)

// hostFiles is what a node holds for a component, one line per file.
func hostFiles(t *testing.T, s *Store, name, component string) []string {
	t.Helper()
	var lines []string
	for _, f := range filesOf(t, s, name, component) {
		line := fmt.Sprintf("%s %s %s", f.Mode, f.OwnerOrRoot(), f.Path)
		if f.Source != "" {
			line += " < " + f.Source
		}
		lines = append(lines, line)
	}
	return lines
}

func filesOf(t *testing.T, s *Store, name, component string) []artifact.File {
	t.Helper()
	node, ok := s.spec.Node(name)
	if !ok {
		t.Fatalf("no node %s", name)
	}
	files, err := s.Files(node, component)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// hostCertificates reads a certificate file as it would be delivered.
func hostCertificates(t *testing.T, s *Store, node, component, path string) []*x509.Certificate {
	t.Helper()
	for _, f := range filesOf(t, s, node, component) {
		if f.Path != path {
			continue
		}
		data, err := artifact.ReadAll(f.Content)
		if err != nil {
			t.Fatal(err)
		}
		certs, err := parseCertificates(data)
		if err != nil {
			t.Fatal(err)
		}
		return certs
	}
	t.Fatalf("%s does not stand on %s", path, node)
	return nil
}

func TestFilesOfEachComponent(t *testing.T) {
	s := issued3(t)
	for _, c := range []struct {
		node, component string
		want            []string
	}{
		{"kmaster1", "etcd", []string{
			"drwxr-xr-x root:root /etc/etcd",
			"drwxr-x--- root:etcd /etc/etcd/pki",
			"-rw-r--r-- root:root /etc/etcd/pki/ca-bundle.crt",
			"-rw-r--r-- root:root /etc/etcd/pki/server.crt",
			"-rw-r----- root:etcd /etc/etcd/pki/server.key < pki/kmaster1/etcd-server.key",
			"-rw-r--r-- root:root /etc/etcd/pki/peer.crt",
			"-rw-r----- root:etcd /etc/etcd/pki/peer.key < pki/kmaster1/etcd-peer.key",
		}},
		{"kmaster2", "controlplane", []string{
			"drwxr-xr-x root:root /etc/kubernetes",
			"drwxr-xr-x root:root /etc/kubernetes/pki",
			"-rw-r--r-- root:root /etc/kubernetes/pki/ca-bundle.crt",
			"-rw-r--r-- root:root /etc/kubernetes/pki/etcd-ca-bundle.crt",
			"-rw-r--r-- root:root /etc/kubernetes/pki/front-proxy-ca-bundle.crt",
			"-rw-r--r-- root:root /etc/kubernetes/pki/ca.crt",
			"-rw------- root:root /etc/kubernetes/pki/ca.key < pki/ca.key",
			"-rw------- root:root /etc/kubernetes/pki/sa.key < pki/sa.key",
			"-rw-r--r-- root:root /etc/kubernetes/pki/sa.pub",
			"-rw-r--r-- root:root /etc/kubernetes/pki/apiserver.crt",
			"-rw------- root:root /etc/kubernetes/pki/apiserver.key < pki/kmaster2/apiserver.key",
			"-rw-r--r-- root:root /etc/kubernetes/pki/apiserver-kubelet-client.crt",
			"-rw------- root:root /etc/kubernetes/pki/apiserver-kubelet-client.key < pki/kmaster2/apiserver-kubelet-client.key",
			"-rw-r--r-- root:root /etc/kubernetes/pki/apiserver-etcd-client.crt",
			"-rw------- root:root /etc/kubernetes/pki/apiserver-etcd-client.key < pki/kmaster2/apiserver-etcd-client.key",
			"-rw-r--r-- root:root /etc/kubernetes/pki/front-proxy-client.crt",
			"-rw------- root:root /etc/kubernetes/pki/front-proxy-client.key < pki/kmaster2/front-proxy-client.key",
			"-rw-r--r-- root:root /etc/kubernetes/pki/controller-manager.crt",
			"-rw------- root:root /etc/kubernetes/pki/controller-manager.key < pki/kmaster2/controller-manager.key",
			"-rw-r--r-- root:root /etc/kubernetes/pki/controller-manager-serving.crt",
			"-rw------- root:root /etc/kubernetes/pki/controller-manager-serving.key < pki/kmaster2/controller-manager-serving.key",
			"-rw-r--r-- root:root /etc/kubernetes/pki/scheduler.crt",
			"-rw------- root:root /etc/kubernetes/pki/scheduler.key < pki/kmaster2/scheduler.key",
			"-rw-r--r-- root:root /etc/kubernetes/pki/scheduler-serving.crt",
			"-rw------- root:root /etc/kubernetes/pki/scheduler-serving.key < pki/kmaster2/scheduler-serving.key",
		}},
		{"kworker1", "worker", []string{
			"drwxr-xr-x root:root /etc/kubernetes",
			"drwxr-xr-x root:root /etc/kubernetes/pki",
			"-rw-r--r-- root:root /etc/kubernetes/pki/ca-bundle.crt",
			"-rw-r--r-- root:root /etc/kubernetes/pki/kubelet.crt",
			"-rw------- root:root /etc/kubernetes/pki/kubelet.key < pki/kworker1/kubelet.key",
			"-rw-r--r-- root:root /etc/kubernetes/pki/kubelet-serving.crt",
			"-rw------- root:root /etc/kubernetes/pki/kubelet-serving.key < pki/kworker1/kubelet-serving.key",
			"-rw-r--r-- root:root /etc/kubernetes/pki/kube-proxy.crt",
			"-rw------- root:root /etc/kubernetes/pki/kube-proxy.key < pki/kworker1/kube-proxy.key",
		}},
		{"haproxy", "haproxy", []string{
			"drwxr-xr-x root:root /etc/haproxy",
			"drwxr-xr-x root:root /etc/haproxy/pki",
			"-rw-r--r-- root:root /etc/haproxy/pki/ca-bundle.crt",
		}},
		{"kworker1", "controlplane", nil},
		{"haproxy", "etcd", nil},
	} {
		if diff := cmp.Diff(c.want, hostFiles(t, s, c.node, c.component)); diff != "" {
			t.Errorf("%s on %s (-want +have):\n%s", c.component, c.node, diff)
		}
	}
}

func TestFilesHoldTheBytesOfTheWorkDirectory(t *testing.T) {
	s := issued3(t)
	want := map[string]string{
		"/etc/etcd/pki/ca-bundle.crt": "pki/etcd-ca-bundle.crt", "/etc/etcd/pki/peer.crt": "pki/kmaster3/etcd-peer.crt",
		"/etc/etcd/pki/peer.key":                        "pki/kmaster3/etcd-peer.key",
		"/etc/kubernetes/pki/ca-bundle.crt":             "pki/ca-bundle.crt",
		"/etc/kubernetes/pki/etcd-ca-bundle.crt":        "pki/etcd-ca-bundle.crt",
		"/etc/kubernetes/pki/front-proxy-ca-bundle.crt": "pki/front-proxy-ca-bundle.crt",
		"/etc/kubernetes/pki/sa.pub":                    "pki/sa.pub", "/etc/kubernetes/pki/sa.key": "pki/sa.key",
		"/etc/kubernetes/pki/apiserver.crt": "pki/kmaster3/apiserver.crt",
	}
	for _, f := range append(filesOf(t, s, "kmaster3", "etcd"), filesOf(t, s, "kmaster3", "controlplane")...) {
		file, ok := want[f.Path]
		if !ok {
			continue
		}
		data, err := artifact.ReadAll(f.Content)
		if err != nil || string(data) != string(readFileOf(t, s, file)) {
			t.Errorf("%s does not hold the bytes of %s (%v)", f.Path, file, err)
		}
		delete(want, f.Path)
	}
	if len(want) > 0 {
		t.Errorf("not delivered: %v", want)
	}
}

func TestMastersThatDoNotSignHoldNoSigner(t *testing.T) {
	s := issued3(t)
	off := false
	s.spec.PKI.SignOnMasters = &off
	for _, line := range hostFiles(t, s, "kmaster1", "controlplane") {
		if strings.Contains(line, "/ca.key") || strings.Contains(line, "/ca.crt") {
			t.Errorf("delivered: %s", line)
		}
	}
}

// TestNoFileTwiceOnOneHost also where a master runs a kubelet, or balances, or all at once.
func TestNoFileTwiceOnOneHost(t *testing.T) {
	spec := systemv()
	spec.Hosts[0].Roles = []cluster.Role{cluster.RoleEtcd, cluster.RoleControlPlane, cluster.RoleLoadBalancer, cluster.RoleWorker}
	s := open(t, spec)
	issueAll(t, s, noon)
	var seen []string
	for _, component := range []string{"etcd", "controlplane", "haproxy", "worker"} {
		for _, f := range filesOf(t, s, "kmaster1", component) {
			if slices.Contains(seen, f.Path) {
				t.Errorf("%s stands there twice", f.Path)
			}
			if dir := path.Dir(f.Path); dir != "/etc" && !slices.Contains(seen, dir) {
				t.Errorf("%s comes before its directory", f.Path)
			}
			seen = append(seen, f.Path)
		}
	}
	if !slices.Contains(seen, "/etc/kubernetes/pki/kubelet.key") || !slices.Contains(seen, "/etc/haproxy/pki/ca-bundle.crt") {
		t.Errorf("a part is missing: %v", seen)
	}
}

func TestFilesNameWhatIsMissingAndWhatMakesIt(t *testing.T) {
	for name, c := range map[string]struct {
		spoil      func(*testing.T, *Store)
		file, hint string
	}{
		"leaf":    {func(t *testing.T, s *Store) { remove(t, s, "pki/kmaster1/scheduler.crt") }, "pki/kmaster1/scheduler.crt", "hardway pki scheduler"},
		"key":     {func(t *testing.T, s *Store) { remove(t, s, "pki/kmaster1/scheduler.key") }, "pki/kmaster1/scheduler.key", "hardway pki scheduler"},
		"bundle":  {func(t *testing.T, s *Store) { remove(t, s, "pki/etcd-ca-bundle.crt") }, "pki/etcd-ca-bundle.crt", "hardway pki etcd"},
		"account": {func(t *testing.T, s *Store) { remove(t, s, "pki/sa.pub") }, "pki/sa.pub", "hardway pki service-account"},
		"signer":  {func(t *testing.T, s *Store) { remove(t, s, "pki/ca.key") }, "pki/ca.key", "signOnMasters"},
		"mismatch": {func(t *testing.T, s *Store) {
			put(t, s, "pki/kmaster1/scheduler.key", readFileOf(t, s, "pki/kmaster2/scheduler.key"))
		}, "pki/kmaster1/scheduler.key", "hardway pki scheduler"},
	} {
		t.Run(name, func(t *testing.T) {
			s := issued3(t)
			c.spoil(t, s)
			_, err := s.Files(s.spec.Hosts[0], "controlplane")
			var problems cluster.Problems
			if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Subject != c.file || !strings.Contains(problems[0].Hint, c.hint) {
				t.Errorf("got %#v, want a problem with %s and hint %q", err, c.file, c.hint)
			}
		})
	}
}
