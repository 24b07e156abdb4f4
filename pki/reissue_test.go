package pki

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"hardway/cluster"
)

// TestReissueSaysWhy spoils one thing about one leaf, and wants that one reissued for that reason, right afterwards,
// and nothing else touched.
func TestReissueSaysWhy(t *testing.T) {
	const id = "kmaster2/etcd-peer"
	for name, c := range map[string]struct {
		spoil  func(*testing.T, *Store)
		at     time.Time
		action Action
		says   string
		state  State
		newKey bool
	}{
		"certificate missing": {spoil: func(t *testing.T, s *Store) { remove(t, s, "pki/kmaster2/etcd-peer.crt") },
			action: Issue, says: "there is none yet", state: StateMissing},
		"key missing": {spoil: func(t *testing.T, s *Store) { remove(t, s, "pki/kmaster2/etcd-peer.key") },
			action: Reissue, says: "its private key is missing", state: StateMissing, newKey: true},
		"certificate unreadable": {spoil: func(t *testing.T, s *Store) { put(t, s, "pki/kmaster2/etcd-peer.crt", []byte("rubbish")) },
			action: Issue, says: "no certificate", state: StateWrong},
		"key of another certificate": {spoil: func(t *testing.T, s *Store) {
			put(t, s, "pki/kmaster2/etcd-peer.key", readFileOf(t, s, "pki/kmaster2/etcd-server.key"))
		}, action: Reissue, says: "the private key is not this certificate's", state: StateWrong},
		"certificate of another node": {spoil: func(t *testing.T, s *Store) {
			put(t, s, "pki/kmaster2/etcd-peer.crt", readFileOf(t, s, "pki/kmaster3/etcd-peer.crt"))
		}, action: Reissue, says: "its subject is CN=kmaster3, wanted CN=kmaster2", state: StateWrong},
		"other algorithm": {spoil: func(t *testing.T, s *Store) {
			spoilLeaf(t, s, id, cluster.Key{Algorithm: "ecdsa", Size: 384}, nil)
		}, action: Reissue, says: "its key is ECDSA P-384, the spec says ECDSA P-256", state: StateWrong, newKey: true},
		"name missing": {spoil: func(t *testing.T, s *Store) {
			bend(t, s, id, func(c *x509.Certificate) { c.IPAddresses = c.IPAddresses[1:] })
		}, action: Reissue, says: "its names differ: lacks 192.168.96.47", state: StateWrong},
		"name too much": {spoil: func(t *testing.T, s *Store) {
			bend(t, s, id, func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "old.example.com") })
		}, action: Reissue, says: "its names differ: has too much old.example.com", state: StateWrong},
		"other subject": {spoil: func(t *testing.T, s *Store) {
			bend(t, s, id, func(c *x509.Certificate) { c.RawSubject, c.Subject.Organization = nil, []string{"system:masters"} })
		}, action: Reissue, says: "its subject is CN=kmaster2,O=system:masters", state: StateWrong},
		"usage missing": {spoil: func(t *testing.T, s *Store) {
			bend(t, s, id, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
		}, action: Reissue, says: "its usages differ: lacks clientAuth", state: StateWrong},
		"no digital signature": {spoil: func(t *testing.T, s *Store) {
			bend(t, s, id, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })
		}, action: Reissue, says: "digitalSignature", state: StateWrong},
		"is a CA": {spoil: func(t *testing.T, s *Store) {
			bend(t, s, id, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true })
		}, action: Reissue, says: "it is a CA certificate", state: StateWrong},
		"outlives its authority": {spoil: func(t *testing.T, s *Store) {
			bend(t, s, id, func(c *x509.Certificate) { c.NotAfter = noon.Add(20 * year) })
		}, action: Reissue, says: "it outlives its authority, which ends on 2036-03-01", state: StateWrong},
		"another CA": {spoil: func(t *testing.T, s *Store) {
			spoilLeaf(t, s, id, s.spec.PKI.Key, newCA(t, "etcd-ca", nil, nil))
		}, action: Reissue, says: "it was signed by another CA (CN=etcd-ca)", state: StateWrong},
		"something after it": {spoil: func(t *testing.T, s *Store) {
			put(t, s, "pki/kmaster2/etcd-peer.crt", append(readFileOf(t, s, "pki/kmaster2/etcd-peer.crt"), readFileOf(t, s, "pki/etcd-ca.crt")...))
		}, action: Reissue, says: "the chain after it is not its authority's", state: StateWrong},
		"not valid yet": {spoil: func(t *testing.T, s *Store) {
			bend(t, s, id, func(c *x509.Certificate) { c.NotBefore = noon.Add(time.Hour) })
		}, action: Reissue, says: "it is not valid before", state: StateWrong},
		"expiring": {spoil: func(t *testing.T, s *Store) {
			bend(t, s, id, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = noon.Add(-year/2), noon.Add(29*24*time.Hour) })
		}, action: Reissue, says: "it expires on 2026-04-02", state: StateExpiring},
		"expired": {spoil: func(t *testing.T, s *Store) {
			bend(t, s, id, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = noon.Add(-year), noon.Add(-time.Minute) })
		}, action: Reissue, says: "it expired on 2026-03-04", state: StateExpired},
	} {
		t.Run(name, func(t *testing.T) {
			s := issued3(t)
			c.spoil(t, s)
			before := digests(t, s)
			if state := stateOf(t, s, id); state != c.state {
				t.Errorf("listed as %s, want %s", state, c.state)
			}
			var changed []Decision
			for _, d := range issueAll(t, s, noon) {
				if d.Changes() {
					changed = append(changed, d)
				}
			}
			if len(changed) != 1 || changed[0].Action != c.action || !strings.Contains(changed[0].Reason, c.says) {
				t.Fatalf("decided %+v, want one %s because …%s…", changed, c.action, c.says)
			}
			after := digests(t, s)
			for file := range after {
				ours := strings.HasPrefix(file, "pki/kmaster2/etcd-peer.")
				if changed := before[file] != after[file]; changed && !ours {
					t.Errorf("%s changed too", file)
				}
			}
			if changed[0].NewKey != c.newKey {
				t.Errorf("announced a new key: %v, want %v", changed[0].NewKey, c.newKey)
			}
			if key := "pki/kmaster2/etcd-peer.key"; (before[key] != after[key]) != c.newKey {
				t.Errorf("key changed: %v, want %v", before[key] != after[key], c.newKey)
			}
			verifyLeaf(t, s, s.catalogue().byID[id])
			if state := stateOf(t, s, id); state != StateValid {
				t.Errorf("afterwards it is %s", state)
			}
		})
	}
}

func stateOf(t testing.TB, s *Store, id string) State {
	t.Helper()
	r := s.catalogue().byID[id]
	for _, c := range s.List(noon) {
		if c.Name == r.Name && c.Node == r.Node {
			return c.State
		}
	}
	t.Fatalf("%s is not listed", id)
	return ""
}

// bend signs a leaf again with the right key and authority, but with one thing in it changed.
func bend(t testing.TB, s *Store, id string, change func(*x509.Certificate)) {
	t.Helper()
	r := s.catalogue().byID[id]
	certs, key, err := s.leafPair(r)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Authority(r.Authority, noon)
	if err != nil {
		t.Fatal(err)
	}
	template := *certs[0]
	change(&template)
	put(t, s, r.CertFile(), encodeCertificates(signTemplate(t, &template, a.Signer.Cert(), key.Public(), a.Signer.Key)))
}

// spoilLeaf signs a leaf again with a new key, and with another authority if one is given.
func spoilLeaf(t testing.TB, s *Store, id string, algorithm cluster.Key, ca *otherCA) {
	t.Helper()
	r := s.catalogue().byID[id]
	cert, err := s.Certificate(id)
	if err != nil {
		t.Fatal(err)
	}
	key, err := newKey(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	if ca == nil {
		a, err := s.Authority(r.Authority, noon)
		if err != nil {
			t.Fatal(err)
		}
		ca = &otherCA{cert: a.Signer.Cert(), key: a.Signer.Key}
	}
	template := *cert
	template.AuthorityKeyId, template.SubjectKeyId = nil, nil
	put(t, s, r.CertFile(), encodeCertificates(signTemplate(t, &template, ca.cert, key.Public(), ca.key)))
	put(t, s, r.KeyFile(), keyPEM(t, key))
}

func TestNewMasterReachesEveryAPIServersNames(t *testing.T) {
	s := issued3(t)
	s.spec.Hosts = append(s.spec.Hosts, cluster.Node{Name: "kmaster4", Address: cluster.OneOrMore{"192.168.96.60"}, Roles: []cluster.Role{cluster.RoleControlPlane}})
	s = Open(s.work, s.spec)
	actions := map[string]int{}
	for _, d := range issueAll(t, s, noon) {
		actions[string(d.Action)]++
		if d.Action == Reissue && (d.Name != "apiserver" || d.Reason != "its names differ: lacks kmaster4, 192.168.96.60") {
			t.Errorf("%s/%s: %s", d.Node, d.Name, d.Reason)
		}
	}
	if actions["reissue"] != 3 || actions["issue"] != 8 {
		t.Errorf("%v, want three API servers reissued and eight new certificates", actions)
	}
}

func TestLeafNeverOutlivesItsAuthority(t *testing.T) {
	s := open(t, systemv())
	end := noon.Add(100 * 24 * time.Hour)
	start := noon.Add(-time.Minute)
	newCA(t, "short", nil, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = start, end }).drop(t, s, FrontProxy)
	for _, d := range issueAll(t, s, noon, "front-proxy") {
		if d.Name == "front-proxy-client" && !strings.Contains(d.Reason, "valid only until 2026-06-12, when its authority ends") {
			t.Errorf("reason %q does not say that it ends early", d.Reason)
		}
	}
	cert, err := s.Certificate("kmaster1/front-proxy-client")
	if err != nil {
		t.Fatal(err)
	}
	if !cert.NotAfter.Equal(end) || !cert.NotBefore.Equal(start) {
		t.Errorf("valid from %s to %s, want what its authority is: %s to %s", cert.NotBefore, cert.NotAfter, start, end)
	}
	// A new one could not live longer, so it is kept however near the end is.
	for _, d := range issueAll(t, s, end.Add(-time.Hour), "front-proxy") {
		if d.Changes() {
			t.Errorf("%s %s: %s", d.Action, d.File, d.Reason)
		}
	}
}
