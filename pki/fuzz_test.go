package pki

import (
	"bytes"
	"testing"
)

// FuzzReadPEM feeds every reader of PEM. Whatever it is given, a reader either refuses it, or understood it so well
// that it writes it and reads the same again; and no key is ever taken out of a certificate file.
func FuzzReadPEM(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		if certs, err := parseCertificates(data); err == nil {
			if len(certs) == 0 {
				t.Fatal("no certificate and no error")
			}
			again, err := parseCertificates(encodeCertificates(certs...))
			if err != nil || len(again) != len(certs) || !again[0].Equal(certs[0]) {
				t.Fatalf("written and read again: %d of %d certificates, %v", len(again), len(certs), err)
			}
			if bytes.Contains(data, []byte("\n-----BEGIN PRIVATE KEY-----\n")) {
				t.Fatal("certificates were read out of a file that holds a private key")
			}
		}
		if key, err := parseKey(data); err == nil {
			fuzzKey(t, data)
			_ = keyAlgorithm(key.Public())
		}
		if public, err := parsePublicKey(data); err == nil {
			encoded, err := encodePublicKey(public)
			if err != nil {
				return // a kind of key that is read and refused later
			}
			if again, err := parsePublicKey(encoded); err != nil || !samePublic(again, public) {
				t.Fatalf("public key written and read again: %v", err)
			}
		}
		if request, err := parseRequest(data); err == nil && request.PublicKey == nil {
			t.Fatal("a request without a public key")
		}
	})
}

func fuzzKey(t *testing.T, data []byte) {
	t.Helper()
	key, err := parseKey(data)
	if err != nil {
		t.Fatalf("read once, and then: %v", err)
	}
	encoded, err := encodeKey(key)
	if err != nil {
		t.Fatalf("a key that was read cannot be written: %v", err)
	}
	if again, err := parseKey(encoded); err != nil || !samePublic(again.Public(), key.Public()) {
		t.Fatalf("key written and read again: %v", err)
	}
}
