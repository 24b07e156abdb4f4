package pki

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strings"

	"github.com/cloudflare/cfssl/csr"

	"hardway/artifact"
)

// decideRequest decides on a leaf that is not right and whose authority signs elsewhere.
func (p *planner) decideRequest(d Decision, a *planned) (Decision, error) {
	file := RequestFile(d.Node, d.Name)
	if !p.options.CSROnly {
		return d, problem(d.File, fmt.Sprintf("hardway pki %s --csr-only, have %s signed, then hardway pki import", d.request.Group, file),
			"%s, and the key of its authority is kept elsewhere", d.Reason)
	}
	if !d.keepKey && p.store.exists(d.request.KeyFile()) {
		// A new key would stand beside the certificate of the old one until the answer comes.
		return d, problem(d.request.KeyFile(), "move it and its certificate away to have a new key made",
			"%s, and a signing request keeps the key", d.Reason)
	}
	d.kind, d.File, d.Action, d.NewKey = kindRequest, file, Ask, !d.keepKey
	waits, err := p.store.waits(d)
	if waits {
		d.Action, d.Reason = Keep, d.Reason+"; its request waits to be signed by the "+a.Name+" authority"
	}
	return d, err
}

// waits reports whether the signing request that is wanted stands there already.
func (s *Store) waits(d Decision) (bool, error) {
	data, err := s.read(d.File)
	if data == nil || err != nil || !d.keepKey {
		return false, err
	}
	key, err := s.readKey(d.request.KeyFile())
	if err != nil {
		return false, err
	}
	have, err := parseRequest(data)
	if err != nil {
		return false, nil //nolint:nilerr // it is no secret: what cannot be read is written again
	}
	sans := sansOf(&x509.Certificate{DNSNames: have.DNSNames, IPAddresses: have.IPAddresses, EmailAddresses: have.EmailAddresses, URIs: have.URIs})
	return samePublic(have.PublicKey, key.Public()) && have.Subject.String() == subject(d.request).String() && difference(sans, d.request.SANs()) == "", nil
}

func parseRequest(data []byte) (*x509.CertificateRequest, error) {
	list, err := blocks(data)
	if err != nil {
		return nil, err
	}
	if len(list) != 1 || list[0].Type != blockRequest {
		return nil, fmt.Errorf("it holds %s where one certificate request belongs", blockTypes(list))
	}
	request, err := x509.ParseCertificateRequest(list[0].Bytes)
	if err != nil {
		return nil, err
	}
	return request, request.CheckSignature()
}

// ask writes a signing request, with its key where that is new.
func (a *applier) ask(d Decision) ([]artifact.Local, error) {
	key, files, err := a.key(d)
	if err != nil {
		return nil, err
	}
	der, err := newRequest(d.request, key)
	if err != nil {
		return nil, fmt.Errorf("failed to make the signing request for %s: %w", d.request.ID(), err)
	}
	return append(files, public(d.File, encodeDER(blockRequest, der))), nil
}

// newRequest is a PKCS #10 request that carries everything the catalogue asks for, usages too.
func newRequest(r Request, key crypto.Signer) ([]byte, error) {
	extensions, err := usageExtensions(r, key.Public())
	if err != nil {
		return nil, err
	}
	want := csr.CertificateRequest{CN: r.CN, Hosts: r.SANs(), Extensions: extensions}
	if r.O != "" {
		want.Names = []csr.Name{{O: r.O}}
	}
	return csr.GenerateDER(key, &want)
}

// usageExtensions is keyUsage and extKeyUsage as requests carry them (RFC 5280, 4.2.1.3 and 4.2.1.12).
func usageExtensions(r Request, public crypto.PublicKey) ([]pkix.Extension, error) {
	// Bit 0 is digitalSignature, bit 2 keyEncipherment; unused trailing bits are not counted.
	bits := asn1.BitString{Bytes: []byte{0x80}, BitLength: 1}
	if strings.HasPrefix(keyAlgorithm(public), "RSA") {
		bits = asn1.BitString{Bytes: []byte{0xa0}, BitLength: 3}
	}
	usage, err := asn1.Marshal(bits)
	if err != nil {
		return nil, err
	}
	var ids []asn1.ObjectIdentifier
	for _, u := range r.Usage.extKeyUsages() {
		ids = append(ids, map[x509.ExtKeyUsage]asn1.ObjectIdentifier{
			x509.ExtKeyUsageServerAuth: {1, 3, 6, 1, 5, 5, 7, 3, 1},
			x509.ExtKeyUsageClientAuth: {1, 3, 6, 1, 5, 5, 7, 3, 2},
		}[u])
	}
	extended, err := asn1.Marshal(ids)
	if err != nil {
		return nil, err
	}
	return []pkix.Extension{
		{Id: asn1.ObjectIdentifier{2, 5, 29, 15}, Critical: true, Value: usage},
		{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Value: extended},
	}, nil
}
