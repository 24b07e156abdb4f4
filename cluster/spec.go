package cluster

import "time"

// APIVersion and Kind are what a cluster.yaml must say of itself.
const (
	APIVersion = "hardway/v1alpha1"
	Kind       = "Cluster"
)

// Cluster is the whole document of a cluster.yaml. Parse returns its Spec with Name filled in from metadata.
type Cluster struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   Metadata `json:"metadata"`
	Spec       Spec     `json:"spec"`
}

// Metadata names the cluster.
type Metadata struct {
	Name string `json:"name"`
}

// Spec is what the operator wants: the only input of hardway besides the secrets it makes and keeps.
type Spec struct {
	// Name is metadata.name: the cluster's name in kubeconfig contexts and etcd's initial cluster token.
	Name         string       `json:"-"`
	Kubernetes   Kubernetes   `json:"kubernetes"`
	Etcd         Etcd         `json:"etcd"`
	Endpoint     Endpoint     `json:"endpoint"`
	Network      Network      `json:"network"`
	PKI          PKI          `json:"pki"`
	Encryption   Encryption   `json:"encryption"`
	Binaries     Binaries     `json:"binaries"`
	LoadBalancer LoadBalancer `json:"loadBalancer"`
	Worker       Worker       `json:"worker"`
	Addons       Addons       `json:"addons"`
	Rollout      Rollout      `json:"rollout"`
	Waive        []string     `json:"waive,omitempty"`
	SSH          SSH          `json:"ssh"`
	Hosts        []Node       `json:"hosts"`
}

// Kubernetes is the version of every Kubernetes component, as in v1.36.3.
type Kubernetes struct {
	Version string `json:"version"`
}

// Etcd is the version of etcd, as in v3.6.16, and whether its hosts save snapshots by themselves.
type Etcd struct {
	Version   string    `json:"version"`
	Snapshots Snapshots `json:"snapshots,omitzero"`
}

// Snapshots is how often each etcd host saves one, how many it keeps, and where. Without Every it saves none.
type Snapshots struct {
	Every Duration `json:"every,omitzero"`
	Keep  int      `json:"keep,omitempty"`
	Dir   string   `json:"dir,omitempty"`
}

// On reports whether hosts save snapshots.
func (s Snapshots) On() bool { return s.Every.Duration > 0 }

// Endpoint is what kubelets, kube-proxy and people dial to reach the API.
type Endpoint struct {
	Host string `json:"host"`
	Port int    `json:"port"`
}

// Network holds the cluster's address ranges: one CIDR, or one of each family for dual stack.
type Network struct {
	PodCIDR       OneOrMore `json:"podCIDR"`
	NodeMaskSize  int       `json:"nodeMaskSize,omitempty"`
	ServiceCIDR   OneOrMore `json:"serviceCIDR"`
	ClusterDomain string    `json:"clusterDomain"`
}

// PKI says how keys and certificates are made.
type PKI struct {
	Key        Key      `json:"key"`
	Validity   Validity `json:"validity"`
	ExtraSANs  []string `json:"extraSANs,omitempty"`
	AdminGroup string   `json:"adminGroup"`
	// SignOnMasters: the controller-manager signs CSRs, so masters hold ca.key.
	SignOnMasters *bool `json:"signOnMasters"`
}

// Key is a key algorithm, ecdsa or rsa, and its size in bits.
type Key struct {
	Algorithm string `json:"algorithm"`
	Size      int    `json:"size"`
}

// Validity is how long authorities and leaves are valid.
type Validity struct {
	CA   Duration `json:"ca"`
	Leaf Duration `json:"leaf"`
}

// Encryption names the provider that encrypts the resources in etcd: secretbox, aescbc, kms, or aesgcm with a waiver.
type Encryption struct {
	Provider  string   `json:"provider"`
	Resources []string `json:"resources"`
	// KMS is given where, and only where, the provider is kms.
	KMS KMS `json:"kms,omitzero"`
}

// KMS is a KMS v2 plugin that runs on every master.
type KMS struct {
	// Name becomes part of every encrypted value in etcd.
	Name string `json:"name"`
	// Endpoint is the plugin's socket, as in unix:///run/kms/plugin.sock.
	Endpoint string `json:"endpoint"`
}

// Binaries says where plain binaries stand (relative to the work directory) and where they are fetched from.
type Binaries struct {
	Dir string `json:"dir"`
	// Mirror is dl.k8s.io or what holds the same files at the same paths, GitHubMirror the same for github.com, where etcd
	// and the CNI plugins are released.
	Mirror       string `json:"mirror"`
	GitHubMirror string `json:"githubMirror"`
	// Arch is that of the hosts, in Go's words: amd64 or arm64.
	Arch string `json:"arch"`
	// CNIVersion is of the CNI plugins, as in v1.9.1.
	CNIVersion string `json:"cniVersion"`
}

// LoadBalancer configures HAProxy's stats page and the address shared by two balancers.
type LoadBalancer struct {
	StatsListen string `json:"statsListen"`
	StatsUser   string `json:"statsUser"`
	VirtualIP   string `json:"virtualIP,omitempty"`
}

// Worker configures kubelets and kube-proxies.
type Worker struct {
	CNI           string `json:"cni"`
	KubeProxyMode string `json:"kubeProxyMode"`
	CgroupDriver  string `json:"cgroupDriver"`
	Bootstrap     string `json:"bootstrap"`
	OnMasters     bool   `json:"onMasters"`
	// PauseImage holds each pod's network; empty is the one that belongs to the Kubernetes version.
	PauseImage string `json:"pauseImage,omitempty"`
	// CNIBinDir is where CNI plugins stand on nodes. Those of binaries.dir are delivered to its default; another directory is
	// that of a package, which brings its own.
	CNIBinDir string `json:"cniBinDir"`
}

// Addons are the manifests applied inside the cluster.
type Addons struct {
	CoreDNS       *bool `json:"coredns"`
	MetricsServer *bool `json:"metricsServer"`
	StrictARP     bool  `json:"strictARP"`
	// Monitoring is proxies through which Prometheus gets the metrics of what listens on loopback only; see Spec.Monitored.
	Monitoring bool `json:"monitoring"`
	// Images replaces those that belong to the Kubernetes version, as for a registry of one's own.
	Images AddonImages `json:"images,omitzero"`
}

// AddonImages is a reference each, as in registry.example.com/coredns:v1.14.2; empty is the one that belongs to the version.
type AddonImages struct {
	CoreDNS       string `json:"coredns,omitempty"`
	MetricsServer string `json:"metricsServer,omitempty"`
	KubeRBACProxy string `json:"kubeRBACProxy,omitempty"`
}

// Rollout bounds how long a gate may stay shut before a run stops.
type Rollout struct {
	GateTimeout Duration `json:"gateTimeout"`
}

// SSH is how hosts are reached. Under a host it overrides the cluster's field by field; see Spec.SSHFor. User, port,
// identity file, jumps and timeout that the spec leaves out are those of the operator's ssh_config, then DefaultSSH's.
type SSH struct {
	User string `json:"user,omitempty"`
	Port int    `json:"port,omitempty"`
	// IdentityFile is a private key, with ~ for the home directory; empty means the agent, then the files that ssh
	// itself looks for.
	IdentityFile string `json:"identityFile,omitempty"`
	// Jump is the hosts to go through, each [user@]host[:port], the first one first. Under a host [] means none.
	Jump OneOrMore `json:"jump,omitzero"`
	Sudo *bool     `json:"sudo,omitempty"`
	// Parallel is how many hosts are worked on at once; it is the cluster's alone.
	Parallel int `json:"parallel,omitempty"`
	// Timeout bounds dialing and the handshake, and whatever else a host that is well answers at once.
	Timeout Duration `json:"timeout,omitzero"`
	// CommandTimeout bounds one command on a host.
	CommandTimeout Duration `json:"commandTimeout,omitzero"`
}

// Node is one host. Name is what `hostname` prints there, and so the Kubernetes node's and the etcd member's name.
type Node struct {
	Name    string    `json:"name"`
	Address OneOrMore `json:"address"`
	Aliases []string  `json:"aliases,omitempty"`
	Roles   []Role    `json:"roles"`
	// PodCIDR pins what the node's pods get their addresses from: one block of nodeMaskSize, or one of each family; see
	// Spec.PodCIDRs.
	PodCIDR OneOrMore `json:"podCIDR,omitzero"`
	SSH     SSH       `json:"ssh,omitzero"`
}

// Role is what a host does.
type Role string

// The roles a host can have.
const (
	RoleEtcd         Role = "etcd"
	RoleControlPlane Role = "control-plane"
	RoleLoadBalancer Role = "load-balancer"
	RoleWorker       Role = "worker"
)

// Duration is a time.Duration written as Go writes it: 8760h, 2m30s.
type Duration struct{ time.Duration }

// OneOrMore is a list of strings that may be written as a single string.
type OneOrMore []string
