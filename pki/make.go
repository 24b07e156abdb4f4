package pki

import (
	"crypto"
	"crypto/x509"
	"fmt"

	"hardway/artifact"
)

// leaf is the files of one decision about a leaf: a certificate with its chain, and its key where that is new.
func (a *applier) leaf(d Decision) ([]artifact.Local, error) {
	switch d.kind {
	case kindBrought:
		return []artifact.Local{public(d.File, encodeCertificates(d.chain...))}, nil
	case kindRequest:
		return a.ask(d)
	}
	key, files, err := a.key(d)
	if err != nil {
		return nil, err
	}
	issuer := a.issuers[d.authority]
	cert, err := issuer.leaf(d.request, key.Public(), d.window)
	if err != nil {
		return nil, err
	}
	chain := append([]*x509.Certificate{cert}, issuer.pair.Intermediates()...)
	return append(files, public(d.File, encodeCertificates(chain...))), nil
}

// key is the leaf's private key: the one that stands there, or a new one with the file to write.
func (a *applier) key(d Decision) (crypto.Signer, []artifact.Local, error) {
	if d.keepKey {
		key, err := a.store.readKey(d.request.KeyFile())
		if err == nil && key == nil {
			err = fmt.Errorf("failed to read %s: it is gone since it was looked at", d.request.KeyFile())
		}
		return key, nil, err
	}
	key, err := newKey(a.store.spec.PKI.Key)
	if err != nil {
		return nil, nil, err
	}
	data, err := encodeKey(key)
	return key, []artifact.Local{secret(d.request.KeyFile(), data)}, err
}

func (a *applier) makeAuthority(d Decision) ([]artifact.Local, error) {
	row := authorityRow(d.authority)
	pair, err := newAuthority(a.store.spec.PKI, row.CN, d.window)
	if err != nil {
		return nil, err
	}
	key, err := encodeKey(pair.Key)
	if err != nil {
		return nil, err
	}
	a.pairs[d.authority] = pair
	return []artifact.Local{public(row.CertFile(), encodeCertificates(pair.Chain...)), secret(row.KeyFile(), key)}, nil
}

func (a *applier) writeBundle(d Decision) ([]artifact.Local, error) {
	authority, err := a.load(d.authority, d.at)
	if err != nil {
		return nil, err
	}
	return []artifact.Local{public(d.File, encodeCertificates(authority.Trust...))}, nil
}

func (a *applier) makeServiceAccount(Decision) ([]artifact.Local, error) {
	key, err := newKey(a.store.spec.PKI.Key)
	if err != nil {
		return nil, err
	}
	private, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	pub, err := encodePublicKey(key.Public())
	return []artifact.Local{secret(File(ServiceAccountKey), private), public(File(ServiceAccountPublic), pub)}, err
}

func (a *applier) writePublicKey(d Decision) ([]artifact.Local, error) {
	key, err := a.store.readKey(File(ServiceAccountKey))
	if err != nil {
		return nil, err
	}
	pub, err := encodePublicKey(key.Public())
	return []artifact.Local{public(d.File, pub)}, err
}

func public(file string, data []byte) artifact.Local {
	return artifact.Local{Path: file, Mode: 0o644, Data: data}
}

func secret(file string, data []byte) artifact.Local {
	return artifact.Local{Path: file, Mode: 0o600, Data: data}
}
