package machine

import (
	"archive/tar"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

func TestRightsArePrivilegedWhereAllCanBeGivenAway(t *testing.T) {
	if got := rights(1<<41 - 1); !slices.Equal(got, []string{"--privileged"}) {
		t.Errorf("with every capability: %q", got)
	}
	some := rights(1<<41 - 1 - 1<<sysResource - 1<<25)
	words := strings.Join(some, " ")
	for want, holds := range map[string]bool{
		"--cap-drop ALL": true, "--cap-add SYS_ADMIN": true, "--cap-add NET_ADMIN": true, "--cap-add AUDIT_READ": true,
		"seccomp=unconfined": true, "--privileged": false, "SYS_RESOURCE": false, "SYS_TIME": false,
	} {
		if strings.Contains(words, want) != holds {
			t.Errorf("without two capabilities, %q in %q: want %v", want, words, holds)
		}
	}
}

func TestLabsDoNotMeetInDocker(t *testing.T) {
	one, other := Lab{Name: "one"}, Lab{Name: "other"}
	h := Host{Name: "kmaster1", Address: "172.31.240.11", Names: []string{"kmaster1.lab"}}
	args := one.createArgs(h, 0)
	for _, want := range []string{"hardway-one-kmaster1", "hardway.lab=one", "hardway.host=kmaster1", "172.31.240.11", "kmaster1.lab"} {
		if !slices.Contains(args, want) {
			t.Errorf("%q is not in %q", want, args)
		}
	}
	for i, arg := range other.createArgs(h, 0) {
		if strings.Contains(arg, "one") {
			t.Errorf("%q of one lab is in another's, at %d", arg, i)
		}
	}
	if one.network() == other.network() {
		t.Error("both have one network")
	}
}

func TestSubnetsOfLabs(t *testing.T) {
	for text, want := range map[string]bool{
		"172.31.240.0/24": true, "172.31.255.0/24": true, "172.31.239.0/24": false, "172.32.0.0/24": false,
		"192.168.96.0/24": false, "172.31.240.0/25": false,
	} {
		if got := OfLabs(netip.MustParsePrefix(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestIdentityIsShutAndTheMachinesOwn(t *testing.T) {
	dir := t.TempDir()
	l := Lab{Name: "one", Keys: filepath.Join(dir, "machines")}
	client := filepath.Join(dir, "id_ed25519")
	hosts := []Host{{Name: "a", Address: "172.31.240.11"}, {Name: "b", Address: "172.31.240.12"}}
	known, err := l.KnownHosts(hosts)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, h := range hosts {
		disk := diskOf(t, l, h, client)
		ids[string(disk["etc/machine-id"].data)] = true
		for name, e := range disk {
			if shut := e.mode.Perm()&0o077 == 0; !shut && name != "etc/machine-id" && !strings.HasPrefix(name, "etc/hardway-lab") {
				t.Errorf("%s: %s is %v", h.Name, name, e.mode)
			}
		}
		signer, err := ssh.ParsePrivateKey(disk["etc/ssh/ssh_host_ed25519_key"].data)
		if err != nil {
			t.Fatal(err)
		}
		if line := string(ssh.MarshalAuthorizedKey(signer.PublicKey())); !strings.Contains(string(known), strings.TrimSpace(line)) {
			t.Errorf("%s: its key is not in known_hosts", h.Name)
		}
	}
	if len(ids) != 2 {
		t.Errorf("two machines have the IDs %v", ids)
	}
	if info, err := os.Stat(client); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the client's key: %v, %v", info, err)
	}
}

// diskOf is the files that a machine is given, by path.
func diskOf(t *testing.T, l Lab, h Host, client string) map[string]entry {
	t.Helper()
	reader, err := l.identityOf(h, client)
	if err != nil {
		t.Fatal(err)
	}
	disk := map[string]entry{}
	for r := tar.NewReader(reader); ; {
		header, err := r.Next()
		if err == io.EOF {
			return disk
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		disk[strings.TrimSuffix(header.Name, "/")] = entry{header.Name, header.FileInfo().Mode(), header.Uid, data}
	}
}
