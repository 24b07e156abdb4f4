package etcd

import "time"

// Evidence is what was seen of a cluster at one time, as plain data. Collect fills it, Judge reads it.
type Evidence struct {
	// Members has one entry per member of the spec, in its order.
	Members []MemberEvidence `json:"members"`
	// Units is what stands on hosts; nil when nobody looked.
	Units []DeliveredUnit `json:"units,omitempty"`
}

// MemberEvidence is what one member answered. Errors are texts, empty when all went well; what could not be asked is
// left zero.
type MemberEvidence struct {
	// Host is the node's name in the spec.
	Host string `json:"host"`
	// Error says why the member could not be asked at all.
	Error string `json:"error,omitempty"`

	ID        uint64 `json:"id"`
	ClusterID uint64 `json:"clusterID"`
	// Listed is the member list as this member itself has it.
	Listed    []ListedMember `json:"listed,omitempty"`
	ListError string         `json:"listError,omitempty"`

	Leader  uint64 `json:"leader"`
	Term    uint64 `json:"term"`
	Index   uint64 `json:"index,omitempty"`
	Applied uint64 `json:"applied"`
	// DBSize is in bytes, DBInUse how many of them hold data.
	DBSize   int64  `json:"dbSize"`
	DBInUse  int64  `json:"dbInUse,omitempty"`
	Revision int64  `json:"revision"`
	Version  string `json:"version"`
	Learner  bool   `json:"learner"`
	// Alarms is every alarm the member knows of, its own and others'.
	Alarms []Alarm `json:"alarms,omitempty"`
	// StatusErrors is what else the member complains of.
	StatusErrors []string `json:"statusErrors,omitempty"`
	// ReadError is why a linearizable read through this member failed: it is cut off from the leader or from a quorum.
	ReadError string `json:"readError,omitempty"`

	Hash Hash `json:"hash"`
	// Client and Peer are what is served on the two ports.
	Client Served `json:"client"`
	Peer   Served `json:"peer"`
}

// ListedMember is one row of a member list.
type ListedMember struct {
	ID         uint64   `json:"id"`
	Name       string   `json:"name"`
	PeerURLs   []string `json:"peerURLs"`
	ClientURLs []string `json:"clientURLs"`
	Learner    bool     `json:"learner"`
}

// Alarm is an alarm that is raised for a member.
type Alarm struct {
	MemberID uint64 `json:"memberID"`
	// Kind is NOSPACE or CORRUPT.
	Kind string `json:"kind"`
}

// Hash is the hash of a member's data up to a revision. Hashes compare only with the same Revision and Compacted.
type Hash struct {
	Revision  int64  `json:"revision"`
	Compacted int64  `json:"compacted"`
	Value     uint32 `json:"value"`
	Error     string `json:"error,omitempty"`
}

// Served is the certificate that a port serves, and how it stood the test.
type Served struct {
	// Address is host:port as dialled.
	Address string `json:"address"`
	// Error says why there was no certificate: nothing listens, or no TLS.
	Error    string    `json:"error,omitempty"`
	Subject  string    `json:"subject,omitempty"`
	Issuer   string    `json:"issuer,omitempty"`
	SANs     []string  `json:"sans,omitempty"`
	NotAfter time.Time `json:"notAfter,omitzero"`
	// Untrusted says why it does not verify against the trust bundle, for servers or for clients: etcd's pairs are both.
	Untrusted string `json:"untrusted,omitempty"`
	// Uncovered says why it is not valid for the address.
	Uncovered string `json:"uncovered,omitempty"`
}

// ok: a certificate was served and stood the test.
func (s Served) ok() bool { return s.Error == "" && s.Untrusted == "" && s.Uncovered == "" }

// DeliveredUnit is what stands on a host: facts of its unit file and data directory, read by the caller over SSH. See
// UnitFacts.
type DeliveredUnit struct {
	Host string `json:"host"`
	// Error says why the host could not be looked at.
	Error string `json:"error,omitempty"`
	// Present: the unit file is there.
	Present        bool   `json:"present"`
	Name           string `json:"name"`
	InitialCluster string `json:"initialCluster"`
	Token          string `json:"token"`
	// DataEmpty: the member has no write-ahead log: it never ran, or was wiped.
	DataEmpty bool `json:"dataEmpty"`
	// Armed: BootstrapPath stands on the host: the member may start without a log, and was not ready since.
	Armed bool `json:"armed,omitempty"`
}
