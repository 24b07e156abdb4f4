package pki

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
)

// Client is what a program needs to dial a server of an authority: PEM, as kubeconfigs embed it.
type Client struct{ Cert, Key, Bundle []byte }

// Client reads a leaf by its ID (etcd-admin, or kmaster1/apiserver-etcd-client) with its key and its authority's bundle.
func (s *Store) Client(id string) (Client, error) {
	r, ok := s.catalogue().byID[id]
	if !ok {
		return Client{}, problem(id, "see hardway pki list", "no such certificate in this cluster")
	}
	certs, key, err := s.leafPair(r)
	if err != nil {
		return Client{}, err
	}
	bundle, err := s.Bundle(r.Authority)
	if err != nil {
		return Client{}, err
	}
	data, err := encodeKey(key)
	return Client{Cert: encodeCertificates(certs...), Key: data, Bundle: bundle}, err
}

// ClientTLS is a leaf by its ID as a TLS client: its key pair, and servers verified by its authority's bundle.
func (s *Store) ClientTLS(id string) (*tls.Config, error) {
	c, err := s.Client(id)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, problem(id, "hardway pki all", "%v", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool(c.Bundle), MinVersion: tls.VersionTLS12}, nil
}

// Bundle is every certificate that an authority's servers are verified by, in PEM.
func (s *Store) Bundle(authority string) ([]byte, error) {
	return s.public(authorityRow(authority).BundleFile())
}

// Trust verifies servers by an authority's bundle and presents nothing.
func (s *Store) Trust(authority string) (*tls.Config, error) {
	bundle, err := s.Bundle(authority)
	if err != nil {
		return nil, err
	}
	return &tls.Config{RootCAs: pool(bundle), MinVersion: tls.VersionTLS12}, nil
}

func pool(bundle []byte) *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	return roots
}

// Certificate is a leaf by its ID as it stands in the work directory: what its server should present.
func (s *Store) Certificate(id string) (*x509.Certificate, error) {
	r, ok := s.catalogue().byID[id]
	if !ok {
		return nil, problem(id, "see hardway pki list", "no such certificate in this cluster")
	}
	certs, err := s.readCertificates(r.CertFile())
	if err == nil && certs == nil {
		err = missing(r.CertFile(), r.Group)
	}
	if err != nil {
		return nil, err
	}
	return certs[0], nil
}

// leafPair reads a leaf with its chain and its key, which have to belong together.
func (s *Store) leafPair(r Request) ([]*x509.Certificate, crypto.Signer, error) {
	certs, err := s.readCertificates(r.CertFile())
	if err != nil {
		return nil, nil, err
	}
	key, err := s.readKey(r.KeyFile())
	switch {
	case err != nil:
		return nil, nil, err
	case certs == nil:
		return nil, nil, missing(r.CertFile(), r.Group)
	case key == nil:
		return nil, nil, missing(r.KeyFile(), r.Group)
	case !samePublic(key.Public(), certs[0].PublicKey):
		return nil, nil, problem(r.KeyFile(), "hardway pki "+r.Group, "it is the key of another certificate than %s", r.CertFile())
	}
	return certs, key, nil
}
