package remote

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"sync"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// knownFiles is the work directory's known_hosts, and those of the operator's ssh_config. Each is read again only when it has
// changed.
type knownFiles struct {
	path string

	mu    sync.Mutex
	files map[string]*knownFile
}

type knownFile struct {
	stamp fs.FileInfo
	known *knownhosts.HostKeyDB
}

// knownHosts is the host keys that are trusted, the work directory's first: what that says of a host, no other file can
// relax. A host that is in none of them is never talked to.
type knownHosts struct {
	path  string
	files []*knownhosts.HostKeyDB
}

// read gives the trusted keys; a file that is not there has none.
func (k *knownFiles) read(more ...string) (*knownHosts, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	hosts := &knownHosts{path: k.path}
	for _, path := range append([]string{k.path}, more...) {
		known, err := k.file(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, &HostError{Message: fmt.Sprintf("failed to read %s: %v", path, err), Hint: "mend or delete that line", Err: err}
		}
		hosts.files = append(hosts.files, known)
	}
	return hosts, nil
}

func (k *knownFiles) file(path string) (*knownhosts.HostKeyDB, error) {
	stamp, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if f := k.files[path]; f != nil && os.SameFile(stamp, f.stamp) && stamp.ModTime().Equal(f.stamp.ModTime()) && stamp.Size() == f.stamp.Size() {
		return f.known, nil
	}
	known, err := knownhosts.NewDB(path)
	if err != nil {
		return nil, err
	}
	if k.files == nil {
		k.files = map[string]*knownFile{}
	}
	k.files[path] = &knownFile{stamp, known}
	return known, nil
}

// errUnknownKey: no file says anything of the host.
var errUnknownKey = errors.New("the host key is not known")

// check refuses unknown and changed keys, and says which line of which file disagrees. A key that is revoked in any file is
// refused; else the first file that knows the host decides.
func (k *knownHosts) check(to hop) ssh.HostKeyCallback {
	return func(address string, remote net.Addr, key ssh.PublicKey) error {
		decided, verdict := false, errUnknownKey
		for _, file := range k.files {
			err := judge(file, address, remote, key)
			if wrong, ok := errors.AsType[*xknownhosts.KeyError](err); err != nil && !ok {
				return k.refused(address, err)
			} else if !decided && (!ok || len(wrong.Want) > 0) {
				decided, verdict = true, err
			}
		}
		if wrong, ok := errors.AsType[*xknownhosts.KeyError](verdict); ok {
			return k.changed(to, address, key, wrong)
		}
		if verdict != nil {
			return k.unknown(to, address, key, verdict)
		}
		return nil
	}
}

// judge is one file's word. A line that trusts an authority for the host says nothing of a key without a certificate.
func judge(file *knownhosts.HostKeyDB, address string, remote net.Addr, key ssh.PublicKey) error {
	err := file.HostKeyCallback()(address, remote, key)
	wrong, ok := errors.AsType[*xknownhosts.KeyError](err)
	if !ok {
		return err
	}
	left := &xknownhosts.KeyError{}
	for _, want := range wrong.Want {
		if !slices.ContainsFunc(file.HostKeys(address), func(k knownhosts.PublicKey) bool { return k.Cert && sameKey(k, want.Key) }) {
			left.Want = append(left.Want, want)
		}
	}
	return left
}

func (k *knownHosts) refused(address string, err error) error {
	hint := "look at " + k.path
	if revoked, ok := errors.AsType[*xknownhosts.RevokedError](err); ok {
		hint = fmt.Sprintf("it is revoked by line %d of %s", revoked.Revoked.Line, revoked.Revoked.Filename)
	}
	return &HostError{Message: fmt.Sprintf("host key of %s is not accepted: %v", address, err), Hint: hint, Err: err}
}

func (k *knownHosts) unknown(to hop, address string, key ssh.PublicKey, err error) error {
	return &HostError{
		Message: fmt.Sprintf("host key of %s is not known: it shows %s %s", address, key.Type(), ssh.FingerprintSHA256(key)),
		Hint:    fmt.Sprintf("compare it with the host's console, then %s", to.trust()), Err: err,
	}
}

func (k *knownHosts) changed(to hop, address string, key ssh.PublicKey, wrong *xknownhosts.KeyError) error {
	want := wrong.Want[max(0, slices.IndexFunc(wrong.Want, func(w xknownhosts.KnownKey) bool { return w.Key.Type() == key.Type() }))]
	return &HostError{
		Message: fmt.Sprintf("host key of %s has changed: it shows %s %s, known is %s %s (%s:%d)", address,
			key.Type(), ssh.FingerprintSHA256(key), want.Key.Type(), ssh.FingerprintSHA256(want.Key), want.Filename, want.Line),
		Hint: fmt.Sprintf("if the host was installed anew, delete line %d of %s and run %s; if not, somebody is in between",
			want.Line, want.Filename, to.trust()), Err: wrong,
	}
}

// trust is the command that records its key. Jump hosts are recorded with the nodes behind them.
func (h hop) trust() string {
	if h.host == "" {
		return "`hardway hosts trust`"
	}
	return "`hardway hosts trust " + h.host + "`"
}

func knownLine(address string, key ssh.PublicKey) string {
	return xknownhosts.Line([]string{xknownhosts.Normalize(address)}, key)
}

// preferredHostKeys is what a host that is not known yet is asked to show, in order: what people find first on its
// console.
var preferredHostKeys = []string{
	ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
}

// certificates is what a host is asked for whose authority is known.
var certificates = []string{
	ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
	ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01,
}

// algorithms is the kinds of host key to ask for: those that are known for the address. Without this the server would
// choose among all its keys, and one that is not the known one would look like a changed one. RSA never signs with SHA-1.
func (k *knownHosts) algorithms(address string) []string {
	var wanted []string
	for _, file := range k.files {
		for _, key := range file.HostKeys(address) {
			switch {
			case key.Cert:
				wanted = slices.Concat(certificates, wanted)
			case key.Type() == ssh.KeyAlgoRSA:
				wanted = append(wanted, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
			default:
				wanted = append(wanted, key.Type())
			}
		}
		if len(wanted) > 0 {
			break
		}
	}
	if len(wanted) == 0 {
		return preferredHostKeys
	}
	var once []string
	for _, kind := range wanted {
		if !slices.Contains(once, kind) {
			once = append(once, kind)
		}
	}
	return once
}
