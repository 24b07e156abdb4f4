package sshd

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"fmt"
	"os"

	"golang.org/x/crypto/ssh"
)

// WriteKey makes a private key, writes it to path in OpenSSH's format with mode 0600, and returns its public half. A
// passphrase encrypts it; empty leaves it plain.
func WriteKey(path string, kind Kind, passphrase string) (ssh.PublicKey, error) {
	key, err := newKey(kind)
	if err != nil {
		return nil, err
	}
	block, err := marshal(key, passphrase)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		return nil, err
	}
	signer, err := ssh.NewSignerFromSigner(key)
	if err != nil {
		return nil, err
	}
	return signer.PublicKey(), nil
}

func newKey(kind Kind) (crypto.Signer, error) {
	switch kind {
	case Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case ECDSA:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RSA:
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return nil, fmt.Errorf("unknown kind of key %q", kind)
}

func marshal(key crypto.PrivateKey, passphrase string) (*pem.Block, error) {
	if passphrase == "" {
		return ssh.MarshalPrivateKey(key, "")
	}
	return ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
}
