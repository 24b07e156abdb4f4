package test

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hardway/check"
)

// machineOf is the folder of what a host's kernel says.
func (r *rehearsal) machineOf(host string) string {
	return filepath.Join(filepath.Dir(r.Root(host)), "kernel")
}

// says makes a file of a host, given from its folder, say something else; empty takes it off.
func (r *rehearsal) says(file, text string) {
	r.t.Helper()
	err := os.RemoveAll(file)
	if text != "" {
		if err = os.MkdirAll(filepath.Dir(file), 0o755); err == nil {
			err = os.WriteFile(file, []byte(text), 0o755)
		}
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// rows runs preflight and gives its rows.
func (r *rehearsal) rows(code int, args ...string) []check.Row {
	r.t.Helper()
	var rows []check.Row
	for _, item := range r.json(code, append([]string{"preflight"}, args...)...).Items {
		var row check.Row
		if err := json.Unmarshal(item, &row); err != nil {
			r.t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

// found is what the rows of a host and check say, if any is in the state.
func found(rows []check.Row, host, name string, state check.State) (seen string, ok bool) {
	for _, row := range rows {
		if row.Host == host && row.Check == name && row.State == state {
			return row.Seen, true
		}
	}
	return "", false
}

func TestPreflightSeesWhatIsWrongWithAHost(t *testing.T) {
	r := rehearse(t)
	for _, row := range r.rows(0) {
		if row.State == check.Failed || row.State == check.Unknown {
			t.Errorf("nothing is wrong yet: %+v", row)
		}
	}
	id, err := os.ReadFile(filepath.Join(r.Root("kmaster1"), "etc/machine-id"))
	if err != nil {
		t.Fatal(err)
	}
	machine, disk := r.machineOf("kmaster2"), r.Root("kmaster2")
	for _, c := range []struct {
		check, file, text, seen string
		state                   check.State
	}{
		{"hostname", machine + "/proc/sys/kernel/hostname", "debian\n", `"debian"`, check.Failed},
		{"machine-id", disk + "/etc/machine-id", string(id), "also that of kmaster1", check.Failed},
		{"systemd", disk + "/run/systemd/system", "", "not booted", check.Failed},
		{"cpu", machine + "/sys/devices/system/cpu/online", "0\n", "want 2", check.Failed},
		{"memory", machine + "/proc/meminfo", "MemTotal: 1000000 kB\nMemAvailable: 900000 kB\n", "1024 MB", check.Failed},
		{"swap", machine + "/proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 999 0 -2\n", "/dev/sda2", check.Warning},
		{"existing-cluster", disk + "/etc/kubernetes/manifests/etcd.yaml", "kind: Pod\n", "kubeadm", check.Failed},
		{"selinux", machine + "/sys/fs/selinux/enforce", "1", "enforcing", check.Warning},
	} {
		t.Run(c.check, func(t *testing.T) {
			old, err := os.ReadFile(c.file)
			r.says(c.file, c.text)
			defer func() {
				if err == nil {
					r.says(c.file, string(old))
				} else {
					r.says(c.file, "")
				}
				if c.text == "" {
					if err := os.MkdirAll(c.file, 0o755); err != nil {
						t.Error(err)
					}
				}
			}()
			code := 0
			if c.state == check.Failed {
				code = 3
			}
			rows := r.rows(code)
			if seen, ok := found(rows, "kmaster2", c.check, c.state); !ok || !strings.Contains(seen, c.seen) {
				t.Errorf("want %s %s %q, got %+v", c.check, c.state, c.seen, rows)
			}
		})
	}
	t.Run("a port that somebody holds", func(t *testing.T) {
		node, _ := r.spec.Node("kmaster3")
		l, err := net.Listen("tcp", net.JoinHostPort(node.PrimaryAddress(), "2380"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if seen, ok := found(r.rows(3), "kmaster3", "ports", check.Failed); !ok || !strings.Contains(seen, "2380, for etcd, for peers") {
			t.Errorf("the port is not told: %q", seen)
		}
		if _, ok := found(r.rows(0, "--waive", "ports"), "kmaster3", "ports", check.Waived); !ok {
			t.Error("it can be waived")
		}
		r.exits(2, "preflight", "--waive", "prots")
	})
}

func TestUpStopsAtAHostThatIsNotFit(t *testing.T) {
	r := rehearse(t)
	r.says(r.machineOf("kmaster2")+"/sys/devices/system/cpu/online", "0\n")
	before := r.deliveredState()
	doc := r.json(3, "up", "--skip", "apply controlplane")
	if len(doc.Problems) != 1 || doc.Problems[0].Host != "kmaster2" || doc.Problems[0].Subject != "cpu" {
		t.Errorf("got %+v, want the CPUs of kmaster2", doc.Problems)
	}
	if after := r.deliveredState(); len(after) != len(before) {
		t.Errorf("something was delivered: %v", after)
	}
	if _, err := os.Stat(filepath.Join(r.work, "pki")); !os.IsNotExist(err) {
		t.Errorf("something was issued: %v", err)
	}
	r.exits(0, "up", "--skip", "apply controlplane", "--waive", "cpu")
}

func TestAHostThatCannotBeReachedIsAFinding(t *testing.T) {
	r := rehearse(t)
	r.edit("port: 2222", "port: 2223")
	rows := r.rows(3)
	for _, host := range []string{"kmaster1", "kmaster2", "kmaster3"} {
		if seen, ok := found(rows, host, "ssh", check.Failed); !ok || !strings.Contains(seen, "refused") {
			t.Errorf("%s: %q", host, seen)
		}
	}
}

func TestPreflightFixesWhatIsSafe(t *testing.T) {
	r := rehearse(t)
	r.edit("kubernetes: {version", "worker: {onMasters: true}\n  waive: [container-runtime]\n  kubernetes: {version")
	machine, disk := r.machineOf("kmaster2"), r.Root("kmaster2")
	r.says(machine+"/sys/module/overlay", "")
	r.says(machine+"/proc/filesystems", "nodev\ttmpfs\n")
	r.says(machine+"/proc/sys/net/ipv4/ip_forward", "0\n")
	r.exits(3, "preflight")
	dry := r.exits(3, "preflight", "--fix", "--dry-run")
	for _, want := range []string{"+overlay", "+net.ipv4.ip_forward = 1", "kmaster2$ systemctl restart systemd-sysctl.service"} {
		if !strings.Contains(dry.out, want) {
			t.Errorf("the difference lacks %q:\n%s", want, dry.out)
		}
	}
	for _, file := range []string{check.ModulesFile, check.SysctlsFile} {
		if _, err := os.Stat(disk + file); !os.IsNotExist(err) {
			t.Errorf("a dry run wrote %s: %v", file, err)
		}
	}
	if got := r.exits(1, "preflight", "--fix"); !strings.Contains(got.errors, "nobody said yes") {
		t.Errorf("nobody was there to say yes: %s", got.errors)
	}
	if got := r.exits(0, "preflight", "--fix", "--yes"); !strings.Contains(got.errors, "+net.ipv4.ip_forward = 1") || !strings.Contains(got.out, check.SysctlsFile) {
		t.Errorf("it is shown first, and told afterwards:\n%s\n%s", got.errors, got.out)
	}
	again := r.json(0, "preflight", "--fix", "--yes")
	if len(again.Changes) != 0 {
		t.Errorf("there was nothing left to do: %+v", again.Changes)
	}
	text, err := os.ReadFile(disk + check.ModulesFile)
	if err != nil || !strings.Contains(string(text), "\nbr_netfilter\n") {
		t.Errorf("for the boots to come: %q, %v", text, err)
	}
}

func TestPreflightPortsAreOfThisSpecAndNeedNoHost(t *testing.T) {
	r := rehearse(t)
	r.edit("port: 2222", "port: 2229")
	got := r.exits(0, "preflight", "--ports")
	first, _ := r.spec.Node("kmaster1")
	second, _ := r.spec.Node("kmaster2")
	for _, want := range []string{"2229/tcp", "2380/tcp", first.PrimaryAddress(), "tcp dport 2380", "# kmaster2, nftables"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("the rules lack %q:\n%s", want, got.out)
		}
	}
	got = r.exits(0, "preflight", "--ports", "--firewall", "ufw", "--only", "kmaster1")
	if want := "ufw allow proto tcp from " + second.PrimaryAddress() + " to any port 2380"; !strings.Contains(got.out, want) || strings.Contains(got.out, "# kmaster2") {
		t.Errorf("the rules lack %q:\n%s", want, got.out)
	}
	r.exits(2, "preflight", "--ports", "--firewall", "pf")
	r.exits(2, "preflight", "--firewall", "ufw")
	r.exits(2, "preflight", "--ports", "--fix")
}
