package etcd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"time"
)

// DialFunc opens a connection to an address from where the caller wants it to come from: net.Dialer's DialContext, or a
// host's through SSH.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// probe shakes hands with a port and tests what it serves. The certificate is taken whatever it is; nothing is sent.
func probe(ctx context.Context, rawURL string, config *tls.Config, dial DialFunc) Served {
	target, err := url.Parse(rawURL)
	if err != nil {
		return Served{Address: rawURL, Error: err.Error()}
	}
	served := Served{Address: target.Host}
	chain, err := handshake(ctx, target.Host, config, dial)
	if err != nil {
		served.Error = err.Error()
		return served
	}
	served.take(chain, target.Hostname(), config)
	return served
}

func handshake(ctx context.Context, address string, config *tls.Config, dial DialFunc) ([]*x509.Certificate, error) {
	raw, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = raw.Close() }()
	lax := config.Clone()
	// Any certificate is taken here, so that what is wrong with it can be said; take verifies it.
	lax.InsecureSkipVerify = true
	lax.VerifyConnection, lax.VerifyPeerCertificate = nil, nil
	conn := tls.Client(raw, lax)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("failed to shake hands with %s: %w", address, err)
	}
	return conn.ConnectionState().PeerCertificates, nil
}

func (s *Served) take(chain []*x509.Certificate, host string, config *tls.Config) {
	leaf := chain[0]
	s.Subject, s.Issuer, s.NotAfter = leaf.Subject.String(), leaf.Issuer.String(), leaf.NotAfter.UTC()
	s.SANs = append(s.SANs, leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		s.SANs = append(s.SANs, ip.String())
	}
	if err := leaf.VerifyHostname(host); err != nil {
		s.Uncovered = err.Error()
	}
	intermediates := x509.NewCertPool()
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		_, err := leaf.Verify(x509.VerifyOptions{
			Roots: config.RootCAs, Intermediates: intermediates, CurrentTime: now(config), KeyUsages: []x509.ExtKeyUsage{usage},
		})
		if err != nil {
			s.Untrusted = err.Error()
			return
		}
	}
}

// now is the time that certificates are judged by: the configuration's clock, as crypto/tls has it.
func now(config *tls.Config) time.Time {
	if config.Time != nil {
		return config.Time()
	}
	return time.Now()
}
