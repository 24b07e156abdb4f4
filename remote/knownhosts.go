package remote

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// knownFile is the known_hosts of the work directory. It is read again only when it has changed.
type knownFile struct {
	path string

	mu    sync.Mutex
	stamp fs.FileInfo
	hosts *knownHosts
}

// knownHosts is the host keys this cluster trusts. A host that is not in it is never talked to.
type knownHosts struct {
	path  string
	known ssh.HostKeyCallback
}

// read gives the trusted keys; without a file there are none.
func (k *knownFile) read(_ ...string) (*knownHosts, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	stamp, err := os.Stat(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return &knownHosts{k.path, func(string, net.Addr, ssh.PublicKey) error { return &knownhosts.KeyError{} }}, nil
	}
	if err == nil && k.hosts != nil && os.SameFile(stamp, k.stamp) && stamp.ModTime().Equal(k.stamp.ModTime()) && stamp.Size() == k.stamp.Size() {
		return k.hosts, nil
	}
	known, err := knownhosts.New(k.path)
	if err != nil {
		return nil, &HostError{Message: fmt.Sprintf("failed to read %s: %v", k.path, err), Hint: "mend or delete that line", Err: err}
	}
	k.hosts, k.stamp = &knownHosts{k.path, known}, stamp
	return k.hosts, nil
}

// check refuses unknown and changed keys, and says which line of the file disagrees.
func (k *knownHosts) check(to hop) ssh.HostKeyCallback {
	return func(address string, remote net.Addr, key ssh.PublicKey) error {
		err := k.known(address, remote, key)
		if err == nil {
			return nil
		}
		wrong, ok := errors.AsType[*knownhosts.KeyError](err)
		switch {
		case !ok:
			return &HostError{Message: fmt.Sprintf("host key of %s is not accepted: %v", address, err), Hint: "look at " + k.path, Err: err}
		case len(wrong.Want) == 0:
			return k.unknown(to, address, key, err)
		}
		return k.changed(to, address, key, wrong)
	}
}

func (k *knownHosts) unknown(to hop, address string, key ssh.PublicKey, err error) error {
	hint := fmt.Sprintf("compare it with the host's console, then `hardway hosts trust %s`", to.host)
	if to.host == "" {
		hint = fmt.Sprintf("compare it with that host's console, then add this line to %s: %s", k.path, knownLine(address, key))
	}
	return &HostError{
		Message: fmt.Sprintf("host key of %s is not known: it shows %s %s", address, key.Type(), ssh.FingerprintSHA256(key)),
		Hint:    hint, Err: err,
	}
}

func (k *knownHosts) changed(to hop, address string, key ssh.PublicKey, wrong *knownhosts.KeyError) error {
	want := wrong.Want[max(0, slices.IndexFunc(wrong.Want, func(w knownhosts.KnownKey) bool { return w.Key.Type() == key.Type() }))]
	again := "run `hardway hosts trust " + to.host + "`"
	if to.host == "" {
		again = "add its new line"
	}
	return &HostError{
		Message: fmt.Sprintf("host key of %s has changed: it shows %s %s, known is %s %s", address,
			key.Type(), ssh.FingerprintSHA256(key), want.Key.Type(), ssh.FingerprintSHA256(want.Key)),
		Hint: fmt.Sprintf("if the host was installed anew, delete line %d of %s and %s; if not, somebody is in between",
			want.Line, want.Filename, again), Err: wrong,
	}
}

func knownLine(address string, key ssh.PublicKey) string {
	return knownhosts.Line([]string{knownhosts.Normalize(address)}, key)
}

// preferredHostKeys is what a host that is not known yet is asked to show, in order: what people find first on its
// console.
var preferredHostKeys = []string{
	ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
}

// algorithms is the kinds of host key to ask for: those that are known for the address. Without this the server would
// choose among all its keys, and one that is not the known one would look like a changed one.
func (k *knownHosts) algorithms(address string) []string {
	// A key that no host can have makes the callback tell the ones it knows.
	wrong, ok := errors.AsType[*knownhosts.KeyError](k.known(address, &net.TCPAddr{}, noKey{}))
	if !ok || len(wrong.Want) == 0 {
		return preferredHostKeys
	}
	var algorithms []string
	for _, want := range wrong.Want {
		kinds := []string{want.Key.Type()}
		if kinds[0] == ssh.KeyAlgoRSA {
			kinds = []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
		}
		for _, kind := range kinds {
			if !slices.Contains(algorithms, kind) {
				algorithms = append(algorithms, kind)
			}
		}
	}
	return algorithms
}

type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return nil }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }
