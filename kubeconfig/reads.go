package kubeconfig

import (
	"k8s.io/apimachinery/pkg/util/version"

	"hardway/artifact"
	"hardway/cluster"
)

// apiServerUnit serves what kubeconfigs dial.
const apiServerUnit = "kube-apiserver.service"

// caReloadMinor is the first minor version of Kubernetes 1 whose clients read a CA file again (client-go's
// ClientsAllowCARotation): before, a CA that a kubeconfig or the API server's --kubelet-certificate-authority names is read
// only at start.
const caReloadMinor = 36

// CAEffect is what it takes until a client of the API or of kubelets uses a changed CA file.
func CAEffect(spec *cluster.Spec) artifact.Effect {
	if v, err := version.ParseSemantic(spec.Kubernetes.Version); err != nil || v.Minor() < caReloadMinor {
		return artifact.Restart
	}
	return artifact.HotAfterPoll
}

// Reads is what a component reads for its kubeconfig on a host: the kubeconfig itself, only at its start, and the files
// that it names. The unit is the caller's to fill in.
func Reads(spec *cluster.Spec, name string) []artifact.Read {
	files := HostFiles(name)
	if asks(spec, name) {
		files.Certificate, files.Key = KubeletClientPair, ""
	}
	rows := []artifact.Read{
		{Path: HostPath(name), Use: artifact.Configures, Effect: artifact.Restart},
		{Path: files.CA, Use: artifact.VerifiesServers, Peer: apiServerUnit, Effect: CAEffect(spec)},
		{Path: files.Certificate, Use: artifact.PresentsAsClient, Peer: apiServerUnit, Effect: artifact.HotAfterPoll},
	}
	if files.Key == "" {
		return rows
	}
	return append(rows, artifact.Read{Path: files.Key, Use: artifact.PresentsAsClient, Peer: apiServerUnit, Effect: artifact.HotAfterPoll})
}
