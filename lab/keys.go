package lab

import (
	"crypto/ed25519"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Key reads an SSH key, or makes one the first time: a file 0600 in OpenSSH's format.
func Key(file string, random io.Reader) (ssh.Signer, error) {
	data, err := readOrMake(file, func() ([]byte, error) {
		_, private, err := ed25519.GenerateKey(random)
		if err != nil {
			return nil, err
		}
		block, err := ssh.MarshalPrivateKey(private, "hardway-lab")
		if err != nil {
			return nil, err
		}
		return pem.EncodeToMemory(block), nil
	})
	if err != nil {
		return nil, fmt.Errorf("failed to make SSH key %s: %w", file, err)
	}
	signer, err := ssh.ParsePrivateKey(data)
	if err != nil {
		return nil, fmt.Errorf("failed to read SSH key %s: %w", file, err)
	}
	return signer, nil
}

// KnownHosts is a known_hosts file with every host's key, under its address and its name.
func (l *Lab) KnownHosts() []byte {
	var b strings.Builder
	for _, h := range l.hosts {
		port := strconv.Itoa(l.options.Port)
		names := []string{net.JoinHostPort(h.Address, port), net.JoinHostPort(h.Name, port)}
		b.WriteString(knownhosts.Line(names, h.key.PublicKey()) + "\n")
	}
	return []byte(b.String())
}

// HostKey is a host's public key; nil for a host that the lab does not have.
func (l *Lab) HostKey(host string) ssh.PublicKey {
	if h, err := l.host(host); err == nil {
		return h.key.PublicKey()
	}
	return nil
}

// ClientKey is the path of the private key, 0600, that every host lets in as root.
func (l *Lab) ClientKey() string { return l.options.ClientKey }
