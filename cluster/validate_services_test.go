package cluster

import (
	"strings"
	"testing"
)

func TestKeysAndValidity(t *testing.T) {
	key := func(text string) []string {
		return []string{"key: {algorithm: ecdsa, size: 256}", "key: {" + text + "}"}
	}
	validity := func(text string) []string {
		return []string{"validity: {ca: 87600h, leaf: 8760h}", "validity: {" + text + "}"}
	}
	holdsTo(t, []rule{
		{"P-384", key("algorithm: ecdsa, size: 384"), nil},
		{"a curve without its algorithm", key("size: 384"), nil},
		{"P-521", key("algorithm: ecdsa, size: 521"), []string{"spec.pki.key.size: 521 is no size of ecdsa keys, want 256 or 384"}},
		{"RSA", key("algorithm: rsa"), nil},
		{"long RSA", key("algorithm: rsa, size: 4096"), nil},
		{"short RSA", key("algorithm: rsa, size: 1024"), []string{"spec.pki.key.size: 1024 is no size of rsa keys, want 2048, 3072 or 4096"}},
		{"another algorithm", key("algorithm: ed25519"), []string{`spec.pki.key.algorithm: "ed25519" is not supported`}},
		{"leaves that outlive their authority", validity("ca: 8760h, leaf: 8761h"), []string{"spec.pki.validity.leaf: 8761h is longer than the authorities' 8760h"}},
		{"leaves that end with their authority", validity("ca: 8760h, leaf: 8760h"), nil},
		{"authorities of no time", validity("ca: -1h"), []string{"spec.pki.validity.ca: is -1h"}},
		{"leaves of no time", validity("leaf: -1h"), []string{"spec.pki.validity.leaf: is -1h"}},
		{"days", validity("leaf: 365d"), []string{`spec.pki.validity.leaf: got the text "365d"`}},
	})
}

func TestNamesInCertificates(t *testing.T) {
	const sans, group = "extraSANs: [api.example.com]", "adminGroup: hardway:cluster-admins"
	holdsTo(t, []rule{
		{"names, wildcards and addresses", []string{sans, "extraSANs: ['*.example.com', 10.1.1.1, 'fd00::1']"}, nil},
		{"a single name", []string{sans, "extraSANs: api.example.com"}, []string{"spec.pki.extraSANs: want a list"}},
		{"a URL", []string{sans, "extraSANs: [a, 'https://api']"}, []string{"spec.pki.extraSANs[1]: neither a DNS name nor an IP address"}},
		{"a mistyped address", []string{sans, "extraSANs: [10.0.0.256]"}, []string{"spec.pki.extraSANs[0]: neither a DNS name"}},
		{"the group of older guides", []string{group, "adminGroup: system:masters"}, nil},
		{"a group of Kubernetes' own", []string{group, "adminGroup: system:nodes"}, []string{"spec.pki.adminGroup: keeps for itself"}},
		{"a group as long as a certificate takes", []string{group, "adminGroup: " + strings.Repeat("a", 64)}, nil},
		{"a longer group", []string{group, "adminGroup: " + strings.Repeat("a", 65)}, []string{"spec.pki.adminGroup: longer than the 64"}},
		{"a group of two lines", []string{group, `adminGroup: "a\nb"`}, []string{"spec.pki.adminGroup: is no text"}},
		{"a group with space around it", []string{group, "adminGroup: ' admins'"}, []string{"spec.pki.adminGroup: has space around it"}},
	})
}

func TestEncryption(t *testing.T) {
	to := func(text string) []string {
		return []string{"encryption: {provider: secretbox, resources: [secrets]}", "encryption: {" + text + "}"}
	}
	const path = "spec.encryption."
	holdsTo(t, []rule{
		{"aescbc", to("provider: aescbc"), nil},
		{"aesgcm without its waiver", to("provider: aesgcm"), []string{path + "provider: aesgcm is unsafe"}},
		{"none", to("provider: identity"), []string{path + `provider: "identity" is not supported`}},
		{"a plugin", to("provider: kms, kms: {name: vault, endpoint: 'unix:///run/kms/vault.sock'}"), nil},
		{"a plugin in the abstract namespace", to("provider: kms, kms: {name: vault, endpoint: 'unix:///@vault'}"), nil},
		{"a plugin that is not named", to("provider: kms"), []string{path + "kms.name: no name", path + "kms.endpoint: no unix socket"}},
		{"a plugin over the network", to("provider: kms, kms: {name: vault, endpoint: 'tcp://vault:80'}"), []string{path + "kms.endpoint: no unix socket"}},
		{"a plugin on another machine", to("provider: kms, kms: {name: vault, endpoint: 'unix://vault/run/kms.sock'}"), []string{path + "kms.endpoint: no unix socket"}},
		{"a plugin at no path", to("provider: kms, kms: {name: vault, endpoint: 'unix://'}"), []string{path + "kms.endpoint: no unix socket"}},
		{"a plugin at no URL", to("provider: kms, kms: {name: vault, endpoint: 'unix:///a%zz'}"), []string{path + "kms.endpoint: no unix socket"}},
		{"a plugin whose name would split a prefix", to("provider: kms, kms: {name: 'a:b', endpoint: 'unix:///run/kms/vault.sock'}"), []string{path + "kms.name: is no name"}},
		{"a plugin that nothing uses", to("provider: aescbc, kms: {name: vault, endpoint: 'unix:///run/kms/vault.sock'}"), []string{path + "kms: is given, but the provider is aescbc"}},
		{"nothing", to("resources: []"), []string{path + "resources: is empty"}},
		{"more resources", to("resources: [secrets, configmaps, widgets.example.com, '*.apps']"), nil},
		{"all resources", to("resources: ['*.*']"), nil},
		{"a kind for a resource", to("resources: [secrets, Secret]"), []string{path + `resources[1]: "Secret" is no resource`}},
		{"a resource twice", to("resources: [secrets, secrets]"), []string{path + "resources[1]: stands there twice"}},
	})
}

func TestServices(t *testing.T) {
	const binaries, stats, virtual = "binaries: {dir: bin, mirror: https://dl.k8s.io}", `statsListen: "127.0.0.1:9000"`, `virtualIP: ""`
	vip := func(text string) []string { return []string{virtual, "virtualIP: " + text} }
	holdsTo(t, []rule{
		{"a mirror that is no URL", []string{binaries, "binaries: {mirror: dl.k8s.io}"}, []string{"spec.binaries.mirror: is no http or https URL"}},
		{"a mirror of files", []string{binaries, "binaries: {mirror: 'file:///srv'}"}, []string{"spec.binaries.mirror: is no http or https URL"}},
		{"a mirror without a host", []string{binaries, "binaries: {mirror: 'https:///release'}"}, []string{"spec.binaries.mirror: is no http or https URL"}},
		{"a mirror inside the house", []string{binaries, "binaries: {mirror: 'http://mirror.local:8080/k8s'}"}, nil},
		{"a mirror of GitHub that is no URL", []string{binaries, "binaries: {githubMirror: github.com}"}, []string{"spec.binaries.githubMirror: is no http or https URL"}},
		{"hosts of ARM", []string{binaries, "binaries: {arch: arm64}"}, nil},
		{"hosts of what uname calls them", []string{binaries, "binaries: {arch: x86_64}"}, []string{"spec.binaries.arch: x86_64"}},
		{"later CNI plugins", []string{binaries, "binaries: {cniVersion: v1.10.0}"}, nil},
		{"CNI plugins before CNI 1.0", []string{binaries, "binaries: {cniVersion: v0.9.1}"}, []string{"spec.binaries.cniVersion: v0.9.1 is not supported, want v1"}},
		{"CNI plugins without a v", []string{binaries, "binaries: {cniVersion: 1.9.1}"}, []string{"spec.binaries.cniVersion: \"1.9.1\" has no v"}},
		{"the root for binaries", []string{binaries, "binaries: {dir: /}"}, []string{"spec.binaries.dir: no directory"}},
		{"the directory above for binaries", []string{binaries, "binaries: {dir: ..}"}, []string{"spec.binaries.dir: no directory"}},
		{"a directory that is no path", []string{binaries, `binaries: {dir: "a\eb"}`}, []string{"spec.binaries.dir: no directory"}},
		{"a directory of ours for binaries", []string{binaries, "binaries: {dir: ./pki/bin}"}, []string{"spec.binaries.dir: no directory that can hold"}},
		{"the work directory for binaries", []string{binaries, "binaries: {dir: .}"}, []string{"spec.binaries.dir: no directory"}},
		{"a directory elsewhere for binaries", []string{binaries, "binaries: {dir: ../shared/bin}"}, nil},
		{"a statistics page without a port", []string{stats, "statsListen: 127.0.0.1"}, []string{"spec.loadBalancer.statsListen: no address and port"}},
		{"a statistics page on a port that is a name", []string{stats, `statsListen: "127.0.0.1:http"`}, []string{"spec.loadBalancer.statsListen: no address and port"}},
		{"a statistics page on a name", []string{stats, `statsListen: "haproxy:9000"`}, []string{"spec.loadBalancer.statsListen: no address and port"}},
		{"a statistics page on IPv6", []string{stats, `statsListen: "[::1]:9000"`}, nil},
		{"a statistics page on port 0", []string{stats, `statsListen: "127.0.0.1:0"`}, []string{"spec.loadBalancer.statsListen: 0 is no port"}},
		{"a statistics page on the endpoint's port", []string{stats, `statsListen: "127.0.0.1:6443"`}, []string{"spec.loadBalancer.statsListen: port 6443 is the endpoint's own"}},
		{"a statistics user with a space", []string{"statsUser: admin", "statsUser: 'ad min'"}, []string{"spec.loadBalancer.statsUser: is no user"}},
		{"a virtual address", vip("192.168.96.5"), nil},
		{"a virtual address that is a name", vip("vip.systemv.local"), []string{"spec.loadBalancer.virtualIP: is no IP address"}},
		{"a virtual address that a host has", vip("192.168.96.7"), []string{"spec.loadBalancer.virtualIP: is the host haproxy"}},
		{"a virtual address in the pod network", vip("10.200.0.5"), []string{"spec.loadBalancer.virtualIP: lies in spec.network.podCIDR"}},
		{"a virtual address of another family", vip("'fd00::5'"), []string{"spec.loadBalancer.virtualIP: is IPv6"}},
		{"a virtual address of every machine", vip("127.0.0.1"), []string{"spec.loadBalancer.virtualIP: every machine's address"}},
		{"a virtual address that nobody holds", append(single[:len(single):len(single)], vip("192.168.96.5")...), []string{"spec.loadBalancer.virtualIP: no host is a load balancer"}},
		{"another network plugin", []string{"cni: bridge", "cni: calico"}, []string{`spec.worker.cni: "calico" is not supported`}},
		{"another proxy mode", []string{"kubeProxyMode: nftables", "kubeProxyMode: userspace"}, []string{"spec.worker.kubeProxyMode: is not supported"}},
		{"another cgroup driver", []string{"cgroupDriver: systemd", "cgroupDriver: none"}, []string{"spec.worker.cgroupDriver: is not supported"}},
		{"another bootstrap", []string{"bootstrap: certificates", "bootstrap: tokens"}, []string{"spec.worker.bootstrap: is not supported"}},
		{"a relative directory of plugins", []string{"cni: bridge", "cniBinDir: cni/bin"}, []string{"spec.worker.cniBinDir: is no absolute path"}},
		{"a directory that would need quotes", []string{"cni: bridge", "cniBinDir: '/opt/c n i'"}, []string{"spec.worker.cniBinDir: is no absolute path"}},
		{"Debian's directory, another image", []string{"cni: bridge", "cniBinDir: /usr/lib/cni, pauseImage: 'lab.local/pause:1'"}, nil},
		{"an image that would need quotes", []string{"cni: bridge", "pauseImage: 'pause:\"1'"}, []string{"spec.worker.pauseImage: is no image"}},
		{"the other choices", []string{"cni: bridge", "cni: none", "kubeProxyMode: nftables", "kubeProxyMode: ipvs", "cgroupDriver: systemd", "cgroupDriver: cgroupfs", "bootstrap: certificates", "bootstrap: token"}, nil},
		{"a gate without time", []string{"gateTimeout: 2m", "gateTimeout: -2m"}, []string{"spec.rollout.gateTimeout: is -2m"}},
	})
}
