package plan_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hardway/cluster"
	"hardway/test/sample"
)

// reachedOddly is hosts with everything that a spec can say of SSH, and the identity files in a folder that wants quoting.
func reachedOddly(s *cluster.Spec) { reachedWith("/home/o'ps/my $keys")(s) }

func reachedWith(folder string) func(*cluster.Spec) {
	return func(s *cluster.Spec) {
		yes := true
		s.SSH = cluster.SSH{
			User: "ops", Port: 2222, IdentityFile: folder + "/all", Sudo: &yes,
			Jump: cluster.OneOrMore{"gate.example.com:22", "bastion.example.com", "guard@[2001:db8::9]:2022"},
		}
		s.Hosts[1].SSH = cluster.SSH{User: "root", Port: 22, IdentityFile: folder + "/one", Jump: cluster.OneOrMore{}}
	}
}

// OpenSSH itself says what it makes of the printed commands; nothing is dialled.
func TestPrintedConnectionsAreTheSpecs(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "o'ps' $keys")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"all", "one"} {
		// ssh leaves out what is not there.
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spec := sample.Spec(t, reachedWith(folder))
	first := settings(t, sshLine(t, spec, "192.168.96.46"))
	if diff := cmp.Diff(map[string]string{
		"user": "ops", "hostname": "192.168.96.46", "port": "2222", "identityfile": folder + "/all", "identitiesonly": "yes",
		"userknownhostsfile": "known_hosts", "stricthostkeychecking": "true",
	}, pick(first, "user", "hostname", "port", "identityfile", "identitiesonly", "userknownhostsfile", "stricthostkeychecking")); diff != "" {
		t.Errorf("kmaster1:\n%s", diff)
	}
	second := settings(t, sshLine(t, spec, "192.168.96.47"))
	if diff := cmp.Diff(map[string]string{"user": "root", "port": "22", "identityfile": folder + "/one", "proxycommand": ""},
		pick(second, "user", "port", "identityfile", "proxycommand")); diff != "" {
		t.Errorf("kmaster2 says otherwise for itself:\n%s", diff)
	}
	throughJumps(t, first["proxycommand"], folder+"/all")
}

// throughJumps follows the proxies of a connection from the last jump to the first, as ssh would expand them.
func throughJumps(t *testing.T, proxy, identity string) {
	t.Helper()
	last := settings(t, expandPercent(proxy, "192.168.96.46", "2222"))
	if diff := cmp.Diff(map[string]string{"user": "guard", "hostname": "2001:db8::9", "port": "2022", "userknownhostsfile": "known_hosts"},
		pick(last, "user", "hostname", "port", "userknownhostsfile")); diff != "" {
		t.Errorf("the last jump:\n%s", diff)
	}
	if !strings.Contains(expandPercent(proxy, "192.168.96.46", "2222"), `-W "[192.168.96.46]:2222"`) {
		t.Errorf("the last jump goes on elsewhere: %s", proxy)
	}
	middle := settings(t, expandPercent(last["proxycommand"], "2001:db8::9", "2022"))
	first := settings(t, expandPercent(middle["proxycommand"], "bastion.example.com", "22"))
	for host, found := range map[string]map[string]string{"bastion.example.com": middle, "gate.example.com": first} {
		want := map[string]string{"user": "ops", "hostname": host, "port": "22", "identityfile": identity, "userknownhostsfile": "known_hosts"}
		if diff := cmp.Diff(want, pick(found, keys(want)...)); diff != "" {
			t.Errorf("the jump %s:\n%s", host, diff)
		}
	}
	if first["proxycommand"] != "" {
		t.Errorf("there is a jump before the first: %s", first["proxycommand"])
	}
	if !strings.Contains(expandPercent(last["proxycommand"], "2001:db8::9", "2022"), `-W "[2001:db8::9]:2022"`) {
		t.Errorf("the first jump goes on elsewhere: %s", last["proxycommand"])
	}
}

func expandPercent(command, host, port string) string {
	return strings.NewReplacer("%%", "%", "%h", host, "%p", port).Replace(command)
}

// sshLine is the first printed connection to an address.
func sshLine(t *testing.T, spec *cluster.Spec, address string) string {
	t.Helper()
	for line := range strings.Lines(explained(t, spec, false, "distribute")) {
		if before, _, found := strings.Cut(line, "@"+address+" "); found && strings.HasPrefix(line, "ssh ") {
			return before + "@" + address
		}
	}
	t.Fatalf("no command goes to %s", address)
	return ""
}

// settings is what ssh makes of a command line, as ssh -G prints it.
func settings(t *testing.T, command string) map[string]string {
	t.Helper()
	rest, ok := strings.CutPrefix(command, "ssh ")
	if !ok {
		t.Fatalf("%q is no ssh", command)
	}
	out, err := exec.CommandContext(t.Context(), "bash", "-c", "ssh -F none -G "+rest).CombinedOutput()
	if err != nil {
		t.Fatalf("ssh does not take %s: %v\n%s", command, err, out)
	}
	found := map[string]string{}
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		found[key] = value
	}
	return found
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func pick(all map[string]string, names ...string) map[string]string {
	out := map[string]string{}
	for _, n := range names {
		out[n] = all[n]
	}
	return out
}

func TestSudoGoesIntoEveryConnectionOfAUserWhoIsNotRoot(t *testing.T) {
	text := explained(t, sample.Spec(t, reachedOddly), true, "distribute", "diff")
	for line := range strings.Lines(text) {
		for _, tool := range []string{"ssh ", "sftp "} {
			_, command, found := strings.Cut(line, tool)
			if !found || !strings.Contains(command, "UserKnownHostsFile") {
				continue
			}
			if asRoot := strings.Contains(command, "root@"); asRoot == strings.Contains(command, "sudo -n ") {
				t.Errorf("sudo where it is not wanted, or none where it is: %s", line)
			}
		}
	}
}
