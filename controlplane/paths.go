package controlplane

import (
	"path"
	"strings"

	"hardway/binaries"
	"hardway/cluster"
	"hardway/pki"
)

const (
	// Component is what files of this package say of themselves.
	Component = "controlplane"
	configDir = "/etc/kubernetes"
	auditDir  = "/var/log/kubernetes/audit"

	encryptionPath     = configDir + "/encryption-config.yaml"
	authenticationPath = configDir + "/authentication-config.yaml"
	auditPolicyPath    = configDir + "/audit-policy.yaml"
	schedulerPath      = configDir + "/kube-scheduler.yaml"
	auditLogPath       = auditDir + "/audit.log"
)

// The units of a master.
const (
	APIServerUnit         = "kube-apiserver.service"
	ControllerManagerUnit = "kube-controller-manager.service"
	SchedulerUnit         = "kube-scheduler.service"
)

// Binaries is the executables of a master, kubectl for the person who stands in front of it.
func Binaries() []string {
	return []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"}
}

// Programs is where the executables of a master's units stand.
func Programs() []string {
	var paths []string
	for _, unit := range []string{APIServerUnit, ControllerManagerUnit, SchedulerUnit} {
		paths = append(paths, programOf(unit))
	}
	return paths
}

// programOf is where the executable of a unit stands.
func programOf(unit string) string { return binaries.Path(strings.TrimSuffix(unit, ".service")) }

func bundle() string           { return path.Join(pki.KubernetesDir, pki.KubernetesBundle) }
func etcdBundle() string       { return path.Join(pki.KubernetesDir, pki.EtcdBundle) }
func frontProxyBundle() string { return path.Join(pki.KubernetesDir, pki.FrontProxyBundle) }
func cert(name string) string  { return pki.Cert(pki.KubernetesDir, name) }
func key(name string) string   { return pki.Key(pki.KubernetesDir, name) }

func isMaster(node cluster.Node) bool { return node.Has(cluster.RoleControlPlane) }

// DataDirs is where API servers and controller-managers keep what they make themselves.
func DataDirs() []string { return []string{auditDir, flexVolumeDir} }
