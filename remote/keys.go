package remote

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// defaultIdentities are tried, after the agent's keys, when the spec names no identity file.
var defaultIdentities = []string{"~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"}

// keyring holds the operator's keys. Each identity file is read once, and its passphrase asked for once, whatever the
// number of hosts.
type keyring struct {
	options Options

	mu    sync.Mutex
	files map[string]*identity
}

// identity is one identity file. Its public half is known before its passphrase is.
type identity struct {
	path   string
	data   []byte
	public ssh.PublicKey
	// signer is nil while the key is locked.
	signer ssh.Signer
	err    error
}

// identities is which keys may be offered to a host.
type identities struct {
	files []string
	// only: the agent may sign with no other key than these.
	only bool
	// certificates are further files with certificates of these keys; one called FILE-cert.pub is found without.
	certificates []string
	// wanted: a file that is not there is an error, because the spec names it.
	wanted bool
	// agent is its socket, empty for none.
	agent string
}

// offer is the keys for one handshake, in ssh's order: those of the files that the agent holds, the agent's others, those
// of the other files.
func (k *keyring) offer(i identities) (_ *offer, err error) {
	o := openAgent(i.agent)
	var own []ssh.Signer
	for _, file := range i.files {
		signer, held, err := k.signer(file, o)
		if err != nil && (i.wanted || !errors.Is(err, fs.ErrNotExist)) {
			o.close()
			return nil, err
		}
		switch {
		case err != nil:
		case held:
			o.add(signer)
		default:
			own = append(own, signer)
		}
	}
	if !i.only {
		o.add(o.fromAgent...)
	}
	o.add(own...)
	if o.signers, err = k.certified(i, o); err != nil {
		o.close()
		return nil, err
	}
	if len(o.signers) == 0 {
		o.close()
		return nil, &HostError{
			Message: "there is no key to log in with" + o.note,
			Hint:    "start ssh-agent and add a key, make ~/.ssh/id_ed25519 with ssh-keygen, or set ssh.identityFile",
		}
	}
	return o, nil
}

// signer is what signs with an identity file: the agent when it holds the same key, else the file itself, or a stand-in that
// tells that the passphrase is wanted.
func (k *keyring) signer(file string, o *offer) (signer ssh.Signer, held bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	id := k.identity(file)
	if signer := o.holds(id.public); signer != nil {
		return signer, true, nil
	}
	switch {
	case id.err != nil || id.signer != nil:
		return id.signer, false, id.err
	case id.public == nil:
		return nil, false, &lockedError{file}
	}
	return lockedSigner{id.public, file}, false, nil
}

// identity needs the lock held.
func (k *keyring) identity(file string) *identity {
	if id, ok := k.files[file]; ok {
		return id
	}
	if k.files == nil {
		k.files = map[string]*identity{}
	}
	k.files[file] = readIdentity(k.path(file))
	return k.files[file]
}

// path is a file's, ~ being the operator's home.
func (k *keyring) path(file string) string {
	if rest, ok := strings.CutPrefix(file, "~/"); ok {
		return filepath.Join(k.options.Home, rest)
	}
	return file
}

func readIdentity(path string) *identity {
	id := &identity{path: path}
	if id.data, id.err = os.ReadFile(path); id.err != nil {
		// The agent may hold the private half.
		id.public = publicBeside(path)
		id.err = &HostError{Message: fmt.Sprintf("failed to read identity file: %v", id.err), Hint: "set ssh.identityFile to a private key, or leave it out to use the agent", Err: id.err}
		return id
	}
	id.signer, id.err = ssh.ParsePrivateKey(id.data)
	if locked, ok := errors.AsType[*ssh.PassphraseMissingError](id.err); ok {
		id.err, id.public = nil, locked.PublicKey
		if id.public == nil {
			id.public = publicBeside(path)
		}
		return id
	}
	if id.err == nil {
		id.public = id.signer.PublicKey()
	} else {
		id.public, _, _, _, _ = ssh.ParseAuthorizedKey(id.data)
	}
	id.data = nil
	if id.err != nil {
		id.err = &HostError{Message: fmt.Sprintf("failed to read identity file %s: %v", path, id.err), Hint: "it must be a private key, as ssh-keygen makes them", Err: id.err}
	}
	return id
}

// publicBeside is the public key that ssh-keygen writes next to a private one; nil without it. Old formats do not have it
// in the private file.
func publicBeside(path string) ssh.PublicKey {
	data, err := os.ReadFile(path + ".pub")
	if err != nil {
		return nil
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(data)
	if err != nil {
		return nil
	}
	return public
}

// unlock asks for a key's passphrase, unless that has been done. An answer that does not fit is not asked for again.
func (k *keyring) unlock(file string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	id := k.identity(file)
	if id.signer == nil && id.err == nil {
		id.signer, id.err = k.decrypt(id)
		id.data = nil
	}
	return id.err
}

func (k *keyring) decrypt(id *identity) (ssh.Signer, error) {
	if k.options.Passphrase == nil {
		return nil, &HostError{
			Message: fmt.Sprintf("identity file %s is encrypted, and there is nobody to ask for its passphrase", id.path),
			Hint:    "add the key to ssh-agent, or run from a terminal",
		}
	}
	passphrase, err := k.options.Passphrase(id.path)
	if err != nil {
		return nil, fmt.Errorf("failed to ask for the passphrase of %s: %w", id.path, err)
	}
	signer, err := ssh.ParsePrivateKeyWithPassphrase(id.data, passphrase)
	clear(passphrase)
	if err != nil {
		return nil, &HostError{Message: fmt.Sprintf("failed to decrypt identity file %s: %v", id.path, err), Hint: "run it again with the right passphrase, or add the key to ssh-agent", Err: err}
	}
	return signer, nil
}

// lockedError says that a host wants a key whose passphrase has not been asked for.
type lockedError struct{ file string }

// Error names the file.
func (e *lockedError) Error() string { return "identity file " + e.file + " is locked" }

// lockedSigner offers a public key whose private half is locked.
type lockedSigner struct {
	public ssh.PublicKey
	file   string
}

// PublicKey is what is offered.
func (s lockedSigner) PublicKey() ssh.PublicKey { return s.public }

// Sign is asked for once the host has said that it takes the key.
func (s lockedSigner) Sign(io.Reader, []byte) (*ssh.Signature, error) {
	return nil, &lockedError{s.file}
}

// SignWithAlgorithm makes RSA keys be offered with SHA-2.
func (s lockedSigner) SignWithAlgorithm(io.Reader, []byte, string) (*ssh.Signature, error) {
	return nil, &lockedError{s.file}
}

func sameKey(a, b ssh.PublicKey) bool { return bytes.Equal(a.Marshal(), b.Marshal()) }
