package plan

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/controlplane"
	"hardway/etcd"
	"hardway/pki"
	"hardway/worker"
)

// askServed shakes hands with what serves on these hosts, from the hosts themselves, and compares the certificate with the
// one that was delivered for it. A unit that does not answer is for the other questions.
func (e *Env) askServed(ctx context.Context, s view, hosts []string) []cluster.Problem {
	var problems []cluster.Problem
	for _, name := range hosts {
		h, c := s.of(name)
		for _, r := range served(reads(e.Spec, h.node)) {
			i := slices.IndexFunc(h.want.Files, func(f artifact.File) bool { return f.Path == r.Path })
			if i < 0 || !c.State.Units[r.Unit].Running() {
				continue
			}
			if err := servesFile(ctx, h.conn, endpoint(h.node, r), h.want.Files[i]); err != nil {
				problems = append(problems, cluster.Problem{
					Host: name, Subject: r.Unit, Message: err.Error(), Hint: fmt.Sprintf("ssh %s journalctl -u %s -n 50", name, r.Unit),
				})
			}
		}
	}
	return problems
}

// served is the rows of certificates that count as soon as they stand there, each once.
func served(reads []artifact.Read) []artifact.Read {
	var out []artifact.Read
	for _, r := range reads {
		same := func(o artifact.Read) bool { return o.Path == r.Path && o.Unit == r.Unit }
		if r.ServesHot() && !slices.ContainsFunc(out, same) {
			out = append(out, r)
		}
	}
	return out
}

// endpoint is host:port where a unit of a master serves with a file; empty where it is not known.
func endpoint(node cluster.Node, r artifact.Read) string {
	for _, h := range append(controlplane.Controllers(node), controlplane.Ready(node)) {
		if h.Unit == r.Unit {
			return h.Address
		}
	}
	if r.Unit == worker.KubeletUnit {
		return net.JoinHostPort(node.PrimaryAddress(), strconv.Itoa(worker.KubeletPort))
	}
	address := map[string]string{pki.Cert(pki.EtcdDir, "server"): node.ClientURL(), pki.Cert(pki.EtcdDir, "peer"): node.PeerURL()}[r.Path]
	if u, err := url.Parse(address); err == nil && r.Unit == etcd.Unit {
		return u.Host
	}
	return ""
}

// servesFile is nil when the first certificate of a file is what is served at an address.
func servesFile(ctx context.Context, from Conn, address string, f artifact.File) error {
	if address == "" {
		return nil
	}
	want, err := firstCertificate(f)
	if err != nil {
		return err
	}
	got, err := servedLeaf(ctx, from, address)
	switch {
	case err != nil:
		return fmt.Errorf("serves nothing at %s: %w", address, err)
	case !got.Equal(want):
		return fmt.Errorf("serves at %s the certificate with serial %x, and %s holds %x", address, got.SerialNumber, f.Path, want.SerialNumber)
	}
	return nil
}

func firstCertificate(f artifact.File) (*x509.Certificate, error) {
	data, err := artifact.ReadAll(f.Content)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("failed to read the certificate that belongs at %s: no PEM", f.Path)
	}
	return x509.ParseCertificate(block.Bytes)
}

// servedLeaf is the certificate that a server presents. Whether the server then lets us in does not matter here, nor
// whether we would trust it: it is compared.
func servedLeaf(ctx context.Context, from Conn, address string) (*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	raw, err := from.Dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = raw.Close() }()
	var leaf *x509.Certificate
	config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12, VerifyConnection: func(state tls.ConnectionState) error { //nolint:gosec // see above
		leaf = state.PeerCertificates[0]
		return nil
	}}
	err = tls.Client(raw, config).HandshakeContext(ctx)
	if leaf == nil {
		return nil, errors.Join(errors.New("no certificate"), err)
	}
	return leaf, nil
}
