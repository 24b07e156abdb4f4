package cluster

import (
	"path"
	"strings"
	"unicode"
)

// checkWorker is what of kubelets' and kube-proxies' settings is no choice of a few words.
func checkWorker(r *review) {
	w := r.spec.Worker
	if clean := path.Clean(w.CNIBinDir); clean != w.CNIBinDir || !path.IsAbs(clean) || clean == "/" || strings.ContainsFunc(clean, unfitForPath) {
		r.report("spec.worker.cniBinDir", "write a directory of nodes, as in /opt/cni/bin, or /usr/lib/cni for Debian's package",
			"%q is no absolute path of a directory", short(w.CNIBinDir))
	}
	if strings.ContainsFunc(w.PauseImage, unfitForPath) {
		r.report("spec.worker.pauseImage", "write an image with its version, as in registry.k8s.io/pause:3.10.2", "%q is no image", short(w.PauseImage))
	}
	if signs := r.spec.PKI.SignOnMasters; r.spec.KubeletsAsk() && signs != nil && !*signs {
		r.report("spec.worker.bootstrap", "set spec.pki.signOnMasters to true, or bootstrap to certificates",
			"with token kubelets ask for their certificates, and with signOnMasters false nobody in the cluster signs any")
	}
}

// unfitForPath is what would need quoting where paths and images are written.
func unfitForPath(c rune) bool {
	return unicode.IsSpace(c) || unicode.IsControl(c) || strings.ContainsRune(`"'\$%`, c)
}
