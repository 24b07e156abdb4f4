package controlplane

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/binaries"
	"hardway/cluster"
	"hardway/haproxy"
	"hardway/test/sample"
	"hardway/test/systemd"
)

func executables() []string {
	return []string{binaries.Path("kube-apiserver"), binaries.Path("kube-controller-manager"), binaries.Path("kube-scheduler")}
}

func TestSystemdAcceptsEveryUnit(t *testing.T) {
	m := newMaster(t)
	for _, v := range versions() {
		m.spec.Kubernetes.Version = v
		systemd.Verify(t, m.files(t), executables(), []string{"etcd.service"})
	}
}

// TestSystemdWouldComplain holds that the check above can fail.
func TestSystemdWouldComplain(t *testing.T) {
	m := newMaster(t)
	unit := artifact.UnitDir + "/" + SchedulerUnit
	broken := at(t, m.files(t), unit)
	broken.Content = artifact.Bytes([]byte(strings.Replace(content(t, broken), "Restart=always", "Restart=alwayz", 1)))
	if got := systemd.Complaints(t, []artifact.File{broken}, executables(), []string{APIServerUnit}); !strings.Contains(got, "alwayz") {
		t.Errorf("said only %q", got)
	}
	if got := systemd.Complaints(t, []artifact.File{at(t, m.files(t), unit)}, nil, []string{APIServerUnit}); !strings.Contains(got, "kube-scheduler") {
		t.Errorf("a missing executable goes unnoticed: %q", got)
	}
}

func inputs(t *testing.T, m master) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, f := range m.files(t) {
		if unit, ok := artifact.UnitOf(f.Path); ok {
			hash, err := artifact.InputsOf(f)
			if err != nil || hash == "" {
				t.Fatalf("%s carries %q: %v", f.Path, hash, err)
			}
			out[unit] = hash
		}
	}
	return out
}

// TestWhatMakesAUnitStale changes one thing at a time and names the units whose inputs differ.
func TestWhatMakesAUnitStale(t *testing.T) {
	tests := map[string]struct {
		version string
		change  func(t *testing.T, m *master)
		stale   string
	}{
		"nothing":                       {"v1.36.3", func(*testing.T, *master) {}, ""},
		"the serving certificate":       {"v1.36.3", reissue("apiserver"), ""},
		"the client certificate":        {"v1.36.3", reissue("scheduler"), ""},
		"the encryption key":            {"v1.36.3", func(_ *testing.T, m *master) { m.encryption = Encryption{[]byte("another")} }, ""},
		"the service-account pair":      {"v1.36.3", grow("sa.pub"), APIServerUnit},
		"the service-account key":       {"v1.36.3", grow("sa.key"), APIServerUnit + " " + ControllerManagerUnit},
		"etcd's bundle":                 {"v1.36.3", grow("etcd-ca-bundle.crt"), APIServerUnit},
		"the front proxy's bundle":      {"v1.36.3", grow("front-proxy-ca-bundle.crt"), ""},
		"the bundle":                    {"v1.36.3", grow("ca-bundle.crt"), ControllerManagerUnit},
		"the bundle, before 1.36":       {"v1.35.4", grow("ca-bundle.crt"), APIServerUnit + " " + ControllerManagerUnit + " " + SchedulerUnit},
		"the service range":             {"v1.36.3", func(_ *testing.T, m *master) { m.spec.Network.ServiceCIDR[0] = "10.33.0.0/24" }, APIServerUnit + " " + ControllerManagerUnit},
		"the version":                   {"v1.36.3", func(_ *testing.T, m *master) { m.spec.Kubernetes.Version = "v1.36.4" }, APIServerUnit + " " + ControllerManagerUnit + " " + SchedulerUnit},
		"an executable":                 {"v1.36.3", grow("../bin/kube-scheduler"), SchedulerUnit},
		"another host":                  {"v1.36.3", func(_ *testing.T, m *master) { m.spec.Hosts = m.spec.Hosts[:len(m.spec.Hosts)-1] }, ""},
		"the cluster's name in its URL": {"v1.36.3", func(_ *testing.T, m *master) { m.spec.Name = "other" }, ControllerManagerUnit + " " + SchedulerUnit},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := newMaster(t, running(test.version)).withPrograms(t)
			before := inputs(t, m)
			test.change(t, &m)
			var stale []string
			after := inputs(t, m)
			for _, unit := range []string{APIServerUnit, ControllerManagerUnit, SchedulerUnit} {
				if before[unit] != after[unit] {
					stale = append(stale, unit)
				}
			}
			if got := strings.Join(stale, " "); got != test.stale {
				t.Errorf("stale: %q, want %q", got, test.stale)
			}
		})
	}
}

// reissue makes a leaf of kmaster1 anew.
func reissue(name string) func(*testing.T, *master) {
	return func(t *testing.T, m *master) {
		if err := os.Remove(m.store.WorkDir().Path("pki/kmaster1", name+".crt")); err != nil {
			t.Fatal(err)
		}
		decisions, err := m.store.Plan(time.Now())
		if err == nil {
			err = m.store.Apply(t.Context(), decisions)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// grow adds an empty line to a file of the PKI: the same meaning, other bytes.
func grow(file string) func(*testing.T, *master) {
	return func(t *testing.T, m *master) {
		f, err := os.OpenFile(m.store.WorkDir().Path("pki", file), os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteString("\n")
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}

func TestSameInputSameBytes(t *testing.T) {
	m := newMaster(t)
	first, second := m.files(t), m.files(t)
	for i, f := range first {
		if f.Path != second[i].Path || f.Mode != second[i].Mode {
			t.Fatalf("%s %v became %s %v", f.Path, f.Mode, second[i].Path, second[i].Mode)
		}
		if !f.IsDir() && content(t, f) != content(t, second[i]) {
			t.Errorf("%s differs", f.Path)
		}
	}
}

func TestModesFollowTheBenchmark(t *testing.T) {
	m := newMaster(t)
	for _, f := range m.files(t) {
		want := fs.FileMode(0o600)
		switch {
		case f.IsDir():
			continue
		case strings.HasSuffix(f.Path, ".crt"), strings.HasSuffix(f.Path, ".pub"):
			want = 0o644
		case f.Path == lostLeaderScript:
			want = 0o755
		}
		if f.Mode != want || f.OwnerOrRoot() != "root:root" || f.Component != "controlplane" {
			t.Errorf("%s: %v %s of %q, want %v", f.Path, f.Mode, f.OwnerOrRoot(), f.Component, want)
		}
		if secret := strings.HasSuffix(f.Path, ".key") || f.Path == encryptionPath; f.Secret != secret || secret != (f.Source != "") {
			t.Errorf("%s: secret %v from %q", f.Path, f.Secret, f.Source)
		}
	}
}

func TestStopLeavesTimeForEveryPhase(t *testing.T) {
	if shutdownDelay() <= haproxy.LongestDetection() {
		t.Errorf("serves for %v after being told to stop, and balancers take up to %v to notice", shutdownDelay(), haproxy.LongestDetection())
	}
	settings := apiserverSettings(sample.Spec(t), cluster.Node{})
	var sum time.Duration
	for _, name := range []string{"shutdown-delay-duration", "request-timeout", "shutdown-watch-termination-grace-period"} {
		text, _ := value(settings, name)
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		sum += d
	}
	if got := stopTimeout(); got < sum+5*time.Second {
		t.Errorf("systemd kills after %v, the phases take up to %v", got, sum)
	}
}

func TestExecutablesInTheWorkDirectoryAreDelivered(t *testing.T) {
	m := newMaster(t)
	dir := m.store.WorkDir().Path(m.spec.Binaries.Dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range Binaries() {
		if err := os.WriteFile(dir+"/"+name, []byte(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range Binaries() {
		if f := at(t, m.files(t), "/usr/local/bin/"+name); f.Mode != 0o755 || content(t, f) != name {
			t.Errorf("got %+v", f)
		}
	}
}
