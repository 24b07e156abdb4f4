package etcd

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/pki"
	"hardway/test/golden"
)

func TestFilesStandWithTheirModesAndOwners(t *testing.T) {
	spec := three()
	got := map[string]string{}
	for _, f := range rendered(t, spec, spec.Hosts[0], issued(t, spec)) {
		got[f.Path] = fmt.Sprintf("%04o %s secret=%v source=%s", f.Mode.Perm(), f.OwnerOrRoot(), f.Secret, f.Source)
	}
	want := map[string]string{
		"/etc/etcd":                        "0755 root:root secret=false source=",
		"/etc/etcd/pki":                    "0750 root:etcd secret=false source=",
		"/etc/etcd/pki/ca-bundle.crt":      "0644 root:root secret=false source=",
		"/etc/etcd/pki/peer.crt":           "0644 root:root secret=false source=",
		"/etc/etcd/pki/peer.key":           "0640 root:etcd secret=true source=pki/kmaster1/etcd-peer.key",
		"/etc/etcd/pki/server.crt":         "0644 root:root secret=false source=",
		"/etc/etcd/pki/server.key":         "0640 root:etcd secret=true source=pki/kmaster1/etcd-server.key",
		"/etc/systemd/system/etcd.service": "0600 root:root secret=false source=",
		"/etc/sysusers.d/hardway.conf":     "0644 root:root secret=false source=",
		"/var/lib/etcd":                    "0700 etcd:etcd secret=false source=",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestBinariesOfTheWorkDirectoryAreDelivered(t *testing.T) {
	spec := three()
	store := issued(t, spec)
	put(t, store, "bin/etcd", "\x7fELF")
	f := find(t, rendered(t, spec, spec.Hosts[0], store), Binary)
	if f.Mode != 0o755 || f.Source != "bin/etcd" || f.Component != Component {
		t.Errorf("the binary is delivered as %+v", f)
	}
}

func TestWhatIsNoMemberHoldsNothing(t *testing.T) {
	spec := three()
	worker := cluster.Node{Name: "kworker1", Address: cluster.OneOrMore{"127.0.0.80"}, Roles: []cluster.Role{cluster.RoleWorker}}
	if files := rendered(t, spec, worker, issued(t, spec)); files != nil || Reads(spec, worker) != nil {
		t.Errorf("a worker holds %v", files)
	}
}

func TestMissingCertificatesAreNamedWithTheCommandThatMakesThem(t *testing.T) {
	spec := three()
	_, err := Files(spec, spec.Hosts[0], pki.Open(artifact.OpenWorkDir(t.TempDir()), spec))
	problems := cluster.ProblemsOf(err)
	if len(problems) == 0 {
		t.Fatal("no error without certificates")
	}
	for _, p := range problems {
		if !strings.HasPrefix(p.Subject, "pki/") || p.Hint != "hardway pki etcd" {
			t.Errorf("%s (hint: %s) names no file and command", p, p.Hint)
		}
	}
}

func TestUnsupportedVersionsAreRefused(t *testing.T) {
	for _, version := range []string{"v3.4.33", "v3.8.0", "v2.3.8", "3.6.16", "", "v3.6"} {
		spec := three()
		spec.Etcd.Version = version
		if _, err := service(spec, spec.Hosts[0]); err == nil || !strings.Contains(err.Error(), "v3.5 to v3.7") {
			t.Errorf("version %q: got error %v", version, err)
		}
	}
}

func TestSameInputGivesSameBytes(t *testing.T) {
	spec := three()
	store := issued(t, spec)
	first, second := digests(t, rendered(t, spec, spec.Hosts[1], store)), digests(t, rendered(t, spec, spec.Hosts[1], store))
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("two renderings differ:\n%s", diff)
	}
}

func TestUnitGolden(t *testing.T) {
	inputs := regexp.MustCompile(artifact.InputsVariable + "=[0-9a-f]{64}")
	for _, version := range supported() {
		spec := three()
		spec.Etcd.Version = version
		for i, address := range []string{"192.168.96.46", "192.168.96.47", "fd00:96::48"} {
			spec.Hosts[i].Address = cluster.OneOrMore{address}
		}
		unit := find(t, rendered(t, spec, spec.Hosts[0], issued(t, spec)), artifact.UnitDir+"/"+Unit)
		// The hash covers the bundle, which is new in every run.
		masked := inputs.ReplaceAll(content(t, unit), []byte(artifact.InputsVariable+"=HASH"))
		golden.Check(t, "etcd-"+version+".service", masked)
	}
}

// What makes a running member stale, and what does not.
func TestInputs(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, spec *cluster.Spec, store *pki.Store)
		stale  bool
	}{
		"a new trust bundle":              {func(t *testing.T, _ *cluster.Spec, s *pki.Store) { appendTo(t, s, "pki/etcd-ca-bundle.crt") }, true},
		"another binary":                  {func(t *testing.T, _ *cluster.Spec, s *pki.Store) { put(t, s, "bin/etcd", "\x7fELF 2") }, true},
		"another version":                 {func(_ *testing.T, spec *cluster.Spec, _ *pki.Store) { spec.Etcd.Version = "v3.6.17" }, true},
		"another address":                 {func(_ *testing.T, spec *cluster.Spec, _ *pki.Store) { spec.Hosts[0].Address[0] = "127.0.0.99" }, true},
		"a renewed pair":                  {func(t *testing.T, _ *cluster.Spec, s *pki.Store) { reissue(t, s, "pki/kmaster1/etcd-server") }, false},
		"one member more":                 {func(_ *testing.T, spec *cluster.Spec, _ *pki.Store) { spec.Hosts = append(spec.Hosts, spec.Hosts[2]) }, false},
		"the address of another member":   {func(_ *testing.T, spec *cluster.Spec, _ *pki.Store) { spec.Hosts[1].Address[0] = "127.0.0.99" }, false},
		"nothing at all":                  {func(*testing.T, *cluster.Spec, *pki.Store) {}, false},
		"a binary that etcd does not run": {func(t *testing.T, _ *cluster.Spec, s *pki.Store) { put(t, s, "bin/etcdctl", "\x7fELF") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			spec := three()
			store := issued(t, spec)
			put(t, store, "bin/etcd", "\x7fELF")
			before := inputs(t, spec, store)
			c.change(t, spec, store)
			if stale := inputs(t, spec, store) != before; stale != c.stale {
				t.Errorf("stale is %v, want %v", stale, c.stale)
			}
		})
	}
}

// supported is a version of each minor that units are rendered for.
func supported() []string { return []string{"v3.5.30", "v3.6.16", "v3.7.3"} }

func inputs(t *testing.T, spec *cluster.Spec, store *pki.Store) string {
	t.Helper()
	value, err := artifact.InputsOf(find(t, rendered(t, spec, spec.Hosts[0], store), artifact.UnitDir+"/"+Unit))
	if err != nil || value == "" {
		t.Fatalf("the unit carries no inputs: %v", err)
	}
	return value
}

func content(t testing.TB, f artifact.File) []byte {
	t.Helper()
	data, err := artifact.ReadAll(f.Content)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func digests(t *testing.T, files []artifact.File) map[string]string {
	t.Helper()
	sums := map[string]string{}
	for _, f := range files {
		sums[f.Path] = fs.FileMode.String(f.Mode)
		if !f.IsDir() {
			sums[f.Path] += artifact.Digest(content(t, f))
		}
	}
	if len(slices.Collect(maps.Keys(sums))) != len(files) {
		t.Errorf("a path is rendered twice")
	}
	return sums
}

// put writes a file of the work directory.
func put(t *testing.T, store *pki.Store, path, data string) {
	t.Helper()
	if err := store.WorkDir().Commit([]artifact.Local{{Path: path, Mode: 0o755, Data: []byte(data)}}); err != nil {
		t.Fatal(err)
	}
}

func appendTo(t *testing.T, store *pki.Store, path string) {
	t.Helper()
	data, err := os.ReadFile(store.WorkDir().Path(path))
	if err != nil {
		t.Fatal(err)
	}
	put(t, store, path, string(data)+string(data))
}

// reissue takes a pair away and has a new one made.
func reissue(t *testing.T, store *pki.Store, base string) {
	t.Helper()
	for _, suffix := range []string{".crt", ".key"} {
		if err := os.Remove(store.WorkDir().Path(base + suffix)); err != nil {
			t.Fatal(err)
		}
	}
	decisions, err := store.Plan(time.Now(), "etcd")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Apply(context.Background(), decisions); err != nil {
		t.Fatal(err)
	}
}
