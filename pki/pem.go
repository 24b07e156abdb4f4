package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// PEM block types that are read and written here (RFC 7468); keys are written as PKCS #8 and PKIX.
const (
	blockCertificate = "CERTIFICATE"
	blockRequest     = "CERTIFICATE REQUEST"
	blockPrivateKey  = "PRIVATE KEY"
	blockPublicKey   = "PUBLIC KEY"
	// blockECParameters stands before the key in what `openssl ecparam -genkey` writes.
	blockECParameters = "EC PARAMETERS"
)

// errEncrypted says that a private key wants a passphrase, which hardway never asks for: it runs unattended.
var errEncrypted = errors.New("the private key is encrypted")

// blocks splits a PEM file. Text between blocks is allowed, as openssl writes it; a block cut short is not.
func blocks(data []byte) ([]*pem.Block, error) {
	var out []*pem.Block
	rest := data
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		out = append(out, block)
	}
	if begun := bytes.Count(data, []byte("-----BEGIN ")); begun != len(out) {
		return nil, fmt.Errorf("%d of %d PEM blocks can be read", len(out), begun)
	}
	if len(out) == 0 {
		return nil, errors.New("it holds no PEM block")
	}
	return out, nil
}

// parseCertificates reads one or more certificates in their order. Anything else in the file is refused: certificate
// files are open to read, so a private key in one is a leak.
func parseCertificates(data []byte) ([]*x509.Certificate, error) {
	list, err := blocks(data)
	if err != nil {
		return nil, err
	}
	var certs []*x509.Certificate
	for i, block := range list {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return nil, errors.New("it holds a private key, and certificate files are open to read")
		}
		if block.Type != blockCertificate {
			return nil, fmt.Errorf("it holds a %s where a certificate belongs", block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d in it cannot be read: %w", i+1, err)
		}
		certs = append(certs, cert)
	}
	return certs, nil
}

// parseKey reads exactly one private key: PKCS #8, PKCS #1 or SEC 1. The error is errEncrypted for an encrypted one,
// and never holds any byte of the file.
func parseKey(data []byte) (crypto.Signer, error) {
	list, err := blocks(data)
	if err != nil {
		return nil, err
	}
	if list[0].Type == blockECParameters {
		list = list[1:]
	}
	if len(list) != 1 {
		return nil, fmt.Errorf("it holds %d PEM blocks where one private key belongs", len(list))
	}
	block := list[0]
	if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
		return nil, errEncrypted
	}
	return parseKeyBlock(block)
}

func parseKeyBlock(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case blockPrivateKey:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("it holds a %s where a private key belongs", block.Type)
	}
	if err != nil {
		// The parser's own words could quote what it read.
		return nil, errors.New("the private key in it cannot be read")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("it holds a %T, which cannot sign", key)
	}
	return signer, nil
}

// parsePublicKey reads exactly one PKIX public key.
func parsePublicKey(data []byte) (crypto.PublicKey, error) {
	list, err := blocks(data)
	if err != nil {
		return nil, err
	}
	if len(list) != 1 || list[0].Type != blockPublicKey {
		return nil, fmt.Errorf("it holds %s where one public key belongs", blockTypes(list))
	}
	return x509.ParsePKIXPublicKey(list[0].Bytes)
}

func blockTypes(list []*pem.Block) string {
	var types []string
	for _, b := range list {
		types = append(types, b.Type)
	}
	return strings.Join(types, ", ")
}

// encodeCertificates writes certificates one after the other.
func encodeCertificates(certs ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range certs {
		out = append(out, encodeDER(blockCertificate, c.Raw)...)
	}
	return out
}

func encodeDER(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// encodeKey writes a private key as PKCS #8, which Kubernetes, etcd and HAProxy read for every algorithm.
func encodeKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("failed to encode private key: %w", err)
	}
	return encodeDER(blockPrivateKey, der), nil
}

func encodePublicKey(key crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("failed to encode public key: %w", err)
	}
	return encodeDER(blockPublicKey, der), nil
}
