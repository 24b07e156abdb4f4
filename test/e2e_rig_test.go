//go:build e2e

package test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hardway/cluster"
)

// kubernetesVariable names the directory with the Kubernetes and etcd that these tests run: see test/kubernetes.
const kubernetesVariable = "HARDWAY_KUBERNETES"

// program is one of the real ones.
func program(t *testing.T, name string) string {
	t.Helper()
	file := filepath.Join(os.Getenv(kubernetesVariable), name)
	if _, err := os.Stat(file); err != nil || !filepath.IsAbs(file) {
		t.Fatalf("there is no %s in %s=%q: run `make e2e`", name, kubernetesVariable, os.Getenv(kubernetesVariable))
	}
	return file
}

// controlPlane is a rehearsal with a balancer, whose hosts have the real Kubernetes.
type controlPlane struct {
	*rehearsal
	balancer string
}

// withKubernetes is three masters and a balancer, with nothing on them yet.
func withKubernetes(t *testing.T) *controlPlane {
	t.Helper()
	r := balanced(t, filepath.Dir(program(t, "kube-apiserver")))
	r.edit("gateTimeout: 30s", "gateTimeout: 90s")
	return &controlPlane{rehearsal: r, balancer: r.spec.Endpoint.Host}
}

// masters is the hosts with an API server.
func (c *controlPlane) masters() []cluster.Node { return c.spec.With(cluster.RoleControlPlane) }

// kubeconfig is a file of the work directory.
func (c *controlPlane) kubeconfig(user string) string {
	return filepath.Join(c.work, "kubeconfig", user+".kubeconfig")
}

// kubectl runs the real one as a user, and gives what it prints.
func (c *controlPlane) kubectl(user string, args ...string) string {
	c.t.Helper()
	out, err := c.tryKubectl(user, args...)
	if err != nil {
		c.t.Fatalf("kubectl %s as %s: %v: %s", strings.Join(args, " "), user, err, out)
	}
	return out
}

// tryKubectl is kubectl where it may fail.
func (c *controlPlane) tryKubectl(user string, args ...string) (string, error) {
	command := exec.Command(program(c.t, "kubectl"), append([]string{"--kubeconfig", c.kubeconfig(user)}, args...)...)
	command.Env = append(os.Environ(), "HOME="+c.work)
	out, err := command.CombinedOutput()
	return string(out), err
}

// readyz is the status of a server's /readyz, asked without any credential and verified as kubelets do.
func (c *controlPlane) readyz(host string) (int, error) {
	c.t.Helper()
	bundle, err := os.ReadFile(filepath.Join(c.work, "pki", "ca.crt"))
	if err != nil {
		c.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true,
	}}
	response, err := client.Get("https://" + net.JoinHostPort(host, "6443") + "/readyz")
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// log is what a unit of a host has written since it was first started.
func (c *controlPlane) log(host, unit string) string {
	c.t.Helper()
	for _, row := range c.Status() {
		if row.Host == host && row.Unit == unit {
			data, err := os.ReadFile(row.Log)
			if err != nil {
				c.t.Fatal(err)
			}
			return string(data)
		}
	}
	c.t.Fatalf("%s has no unit %s", host, unit)
	return ""
}
