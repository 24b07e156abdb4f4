package pki

import (
	"context"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hardway/artifact"
	"hardway/cluster"
)

// noon is when the tests take place.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

const year = 8760 * time.Hour

// systemv is three masters, a balancer and three workers, as in the quick start.
func systemv() *cluster.Spec {
	on := true
	master := []cluster.Role{cluster.RoleEtcd, cluster.RoleControlPlane}
	worker := []cluster.Role{cluster.RoleWorker}
	return &cluster.Spec{
		Name:     "systemv",
		Endpoint: cluster.Endpoint{Host: "haproxy.systemv.local", Port: 6443},
		Network: cluster.Network{PodCIDR: cluster.OneOrMore{"10.200.0.0/16"}, ServiceCIDR: cluster.OneOrMore{"10.32.0.0/24", "fd00:32::/112"},
			ClusterDomain: "cluster.local"},
		PKI: cluster.PKI{
			Key:        cluster.Key{Algorithm: "ecdsa", Size: 256},
			Validity:   cluster.Validity{CA: cluster.Duration{Duration: 10 * year}, Leaf: cluster.Duration{Duration: year}},
			ExtraSANs:  []string{"api.example.com", "203.0.113.9"},
			AdminGroup: "hardway:cluster-admins", SignOnMasters: &on,
		},
		LoadBalancer: cluster.LoadBalancer{VirtualIP: "192.168.96.5"},
		Addons:       cluster.Addons{MetricsServer: &on},
		Hosts: []cluster.Node{
			{Name: "kmaster1", Address: cluster.OneOrMore{"192.168.96.46", "fd00:96::46"}, Aliases: []string{"kmaster1.systemv.local"}, Roles: master},
			{Name: "kmaster2", Address: cluster.OneOrMore{"192.168.96.47"}, Roles: master},
			{Name: "kmaster3", Address: cluster.OneOrMore{"192.168.96.48"}, Roles: master},
			{Name: "haproxy", Address: cluster.OneOrMore{"192.168.96.7"}, Aliases: []string{"haproxy.systemv.local"}, Roles: []cluster.Role{cluster.RoleLoadBalancer}},
			{Name: "kworker1", Address: cluster.OneOrMore{"192.168.96.49"}, Roles: worker},
			{Name: "kworker2", Address: cluster.OneOrMore{"192.168.96.50"}, Roles: worker},
			{Name: "kworker3", Address: cluster.OneOrMore{"192.168.96.51"}, Roles: worker},
		},
	}
}

// open is a store in a new work directory.
func open(t testing.TB, spec *cluster.Spec) *Store {
	t.Helper()
	return Open(artifact.OpenWorkDir(t.TempDir()), spec)
}

// issueAll plans and applies, and returns what was decided.
func issueAll(t testing.TB, s *Store, now time.Time, groups ...string) []Decision {
	t.Helper()
	return apply(t, s, now, Options{}, groups...)
}

func apply(t testing.TB, s *Store, now time.Time, o Options, groups ...string) []Decision {
	t.Helper()
	decisions, err := s.PlanWith(now, o, groups...)
	if err != nil {
		t.Fatalf("failed to plan: %v", err)
	}
	if err := s.Apply(context.Background(), decisions); err != nil {
		t.Fatalf("failed to apply: %v", err)
	}
	return decisions
}

// issued3 is a store of its own with the full set in it. The set is issued once, and copied for each test.
func issued3(t testing.TB) *Store {
	t.Helper()
	files, err := fullSet()
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, systemv())
	for file, data := range files {
		put(t, s, file, data)
	}
	return s
}

var fullSet = sync.OnceValues(func() (map[string][]byte, error) {
	root, err := os.MkdirTemp("", "pki")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(root)
	s := Open(artifact.OpenWorkDir(root), systemv())
	decisions, err := s.Plan(noon)
	if err != nil {
		return nil, err
	}
	if err := s.Apply(context.Background(), decisions); err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for file := range walk(root) {
		if files[file], err = os.ReadFile(filepath.Join(root, file)); err != nil {
			return nil, err
		}
	}
	return files, nil
})

// walk is every regular file below root, relative to it.
func walk(root string) iter.Seq[string] {
	return func(yield func(string) bool) {
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && !yield(strings.TrimPrefix(path, root+"/")) {
				return filepath.SkipAll
			}
			return err
		})
	}
}

// digests is the content and mode of every file in the work directory.
func digests(t testing.TB, s *Store) map[string]string {
	t.Helper()
	sums := map[string]string{}
	root := s.work.Path()
	for file := range walk(root) {
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		sums[file] = info.Mode().String() + " " + artifact.Digest(data)
	}
	return sums
}

func equal(a, b map[string]string) bool { return cmp.Equal(a, b) }
