package machine

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"hardway/lab"
)

// adminID is the user and group of admin, the image's first one that is not root.
const adminID = 1000

// hostKey is the file of a machine's private key on this machine: it is made here, so that it is known before the machine
// is asked.
func (l Lab) hostKey(host string) string { return filepath.Join(l.Keys, host, "ssh_host_ed25519_key") }

// key reads a key or makes it.
func key(file string) (ssh.Signer, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, fmt.Errorf("failed to make a place for SSH key %s: %w", file, err)
	}
	return lab.Key(file, rand.Reader)
}

// KnownHosts is a known_hosts file with every machine's key, under its address and its name. Keys that are missing are made.
func (l Lab) KnownHosts(hosts []Host) ([]byte, error) {
	var b strings.Builder
	for _, h := range hosts {
		signer, err := key(l.hostKey(h.Name))
		if err != nil {
			return nil, err
		}
		b.WriteString(knownhosts.Line([]string{h.Address, h.Name}, signer.PublicKey()) + "\n")
	}
	return []byte(b.String()), nil
}

// identityOf is what one machine alone has on its disk, as a tar: who it is, and whom it lets in.
func (l Lab) identityOf(h Host, clientKey string) (io.Reader, error) {
	client, err := key(clientKey)
	if err != nil {
		return nil, err
	}
	if _, err := key(l.hostKey(h.Name)); err != nil {
		return nil, err
	}
	private, err := os.ReadFile(l.hostKey(h.Name))
	if err != nil {
		return nil, err
	}
	authorized := ssh.MarshalAuthorizedKey(client.PublicKey())
	digest := sha256.Sum256([]byte(l.container(h.Name)))
	machineID := hex.EncodeToString(digest[:16]) + "\n"
	return archive([]entry{
		{"etc/machine-id", 0o444, 0, []byte(machineID)},
		{"etc/hardway-lab", fs.ModeDir | 0o755, 0, nil},
		{"etc/hardway-lab/resolv.conf", 0o644, 0, nameservers()},
		{"etc/ssh/ssh_host_ed25519_key", 0o600, 0, private},
		{"root/.ssh", fs.ModeDir | 0o700, 0, nil},
		{"root/.ssh/authorized_keys", 0o600, 0, authorized},
		{"home/admin/.ssh", fs.ModeDir | 0o700, adminID, nil},
		{"home/admin/.ssh/authorized_keys", 0o600, adminID, authorized},
	})
}

// nameservers is a resolv.conf for pods: what this machine asks, where that is not itself.
func nameservers() []byte {
	data, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		return nil
	}
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "nameserver" {
			continue
		}
		if address, err := netip.ParseAddr(words[1]); err == nil && !address.IsLoopback() {
			b.WriteString("nameserver " + address.String() + "\n")
		}
	}
	return []byte(b.String())
}

// entry is a file or a directory on a machine's disk; its owner is a user and the group of the same number.
type entry struct {
	path  string
	mode  fs.FileMode
	owner int
	data  []byte
}

func archive(entries []entry) (io.Reader, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: e.path, Mode: int64(e.mode.Perm()), Uid: e.owner, Gid: e.owner, Size: int64(len(e.data))}
		if e.mode.IsDir() {
			header.Typeflag, header.Name = tar.TypeDir, e.path+"/"
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("failed to pack %s: %w", e.path, err)
		}
		if _, err := w.Write(e.data); err != nil {
			return nil, fmt.Errorf("failed to pack %s: %w", e.path, err)
		}
	}
	return &b, w.Close()
}
