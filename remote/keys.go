package remote

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"hardway/cluster"
)

// defaultIdentities are tried, after the agent's keys, when the spec names no identity file.
var defaultIdentities = []string{"~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"}

// keyring holds the operator's keys. Each identity file is read once, and its passphrase asked for once, whatever the
// number of hosts.
type keyring struct {
	options Options

	mu      sync.Mutex
	signers map[string]identity
}

type identity struct {
	signer ssh.Signer
	err    error
}

// methods is the keys to offer: only the configured one where the spec names it, else the agent's and the usual files.
func (k *keyring) methods(settings cluster.SSH) ([]ssh.AuthMethod, error) {
	if settings.IdentityFile != "" {
		signer, err := k.identity(settings.IdentityFile)
		if err != nil {
			return nil, err
		}
		return []ssh.AuthMethod{ssh.PublicKeys(signer)}, nil
	}
	return []ssh.AuthMethod{ssh.PublicKeysCallback(k.offered)}, nil
}

func (k *keyring) offered() ([]ssh.Signer, error) {
	var all []ssh.Signer
	if k.options.AgentSocket != "" {
		signers, err := agentSigners(k.options.AgentSocket)
		if err != nil {
			return nil, err
		}
		all = signers
	}
	for _, file := range defaultIdentities {
		signer, err := k.identity(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, signer)
	}
	return all, nil
}

func agentSigners(socket string) ([]ssh.Signer, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("failed to reach the SSH agent: %w", err)
	}
	// The connection stays open for as long as its signers may be asked to sign.
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		return nil, fmt.Errorf("failed to ask the SSH agent for keys: %w", err)
	}
	return signers, nil
}

func (k *keyring) identity(file string) (ssh.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if known, ok := k.signers[file]; ok {
		return known.signer, known.err
	}
	signer, err := k.read(file)
	if k.signers == nil {
		k.signers = map[string]identity{}
	}
	k.signers[file] = identity{signer, err}
	return signer, err
}

func (k *keyring) read(file string) (ssh.Signer, error) {
	path := file
	if rest, ok := strings.CutPrefix(file, "~/"); ok {
		path = filepath.Join(k.options.Home, rest)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("failed to read identity file: %w", err)
	}
	signer, err := ssh.ParsePrivateKey(data)
	if _, encrypted := errors.AsType[*ssh.PassphraseMissingError](err); encrypted {
		return k.decrypt(path, data)
	}
	if err != nil {
		return nil, fmt.Errorf("failed to read identity file %s: %w", path, err)
	}
	return signer, nil
}

func (k *keyring) decrypt(path string, data []byte) (ssh.Signer, error) {
	if k.options.Passphrase == nil {
		return nil, &HostError{
			Message: fmt.Sprintf("identity file %s is encrypted, and there is nobody to ask for its passphrase", path),
			Hint:    "add the key to ssh-agent and leave ssh.identityFile out, or run from a terminal",
		}
	}
	passphrase, err := k.options.Passphrase(path)
	if err != nil {
		return nil, fmt.Errorf("failed to ask for the passphrase of %s: %w", path, err)
	}
	signer, err := ssh.ParsePrivateKeyWithPassphrase(data, passphrase)
	clear(passphrase)
	if err != nil {
		return nil, fmt.Errorf("failed to decrypt identity file %s: %w", path, err)
	}
	return signer, nil
}
