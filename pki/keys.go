package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"fmt"
	"strings"

	"github.com/cloudflare/cfssl/csr"

	"hardway/cluster"
)

// newKey makes a private key as the spec says: ECDSA P-256 or P-384, RSA 2048, 3072 or 4096.
func newKey(want cluster.Key) (crypto.Signer, error) {
	request := csr.KeyRequest{A: want.Algorithm, S: want.Size}
	key, err := request.Generate()
	if err != nil {
		return nil, fmt.Errorf("failed to make a key of spec.pki.key (%s %d): %w", want.Algorithm, want.Size, err)
	}
	return key.(crypto.Signer), nil
}

// keyAlgorithm names a key as reports do: ECDSA P-256, RSA 2048.
func keyAlgorithm(public crypto.PublicKey) string {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	default:
		return strings.TrimPrefix(fmt.Sprintf("%T", public), "*")
	}
}

// wantedAlgorithm is keyAlgorithm for what the spec asks for.
func wantedAlgorithm(want cluster.Key) string {
	if want.Algorithm == "rsa" {
		return fmt.Sprintf("RSA %d", want.Size)
	}
	return fmt.Sprintf("ECDSA P-%d", want.Size)
}

// samePublic reports whether two public keys are the same.
func samePublic(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(b)
}

// signsTLS reports whether every TLS peer of a cluster can check a signature of this key.
func signsTLS(public crypto.PublicKey) bool {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return key.Curve.Params().BitSize >= 256
	case *rsa.PublicKey:
		return key.N.BitLen() >= 2048
	default:
		return false
	}
}
