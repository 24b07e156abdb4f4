package pki

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"hardway/artifact"
)

// chunk is how many decisions are written in one go. Up to that many all stand there or none; a larger set is written
// in several, each whole, so that its keys are not all held in memory and signing goes on while the disk syncs.
const chunk = 2048

// Apply does what the decisions say, no more and no less. The caller holds the work directory's lock since before Plan.
// After an error or a cancelled ctx the chunk that was under way has left nothing behind.
func (s *Store) Apply(ctx context.Context, decisions []Decision) error {
	a := &applier{store: s, pairs: map[string]*Pair{}, issuers: map[string]*issuer{}}
	first, rest, err := a.begin(decisions)
	if err != nil {
		return err
	}
	chunks := make(chan []artifact.Local, 1)
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error {
		defer close(chunks)
		return a.produce(ctx, first, rest, chunks)
	})
	work.Go(func() error {
		for files := range chunks {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := s.work.Commit(files); err != nil {
				return err
			}
		}
		return nil
	})
	return work.Wait()
}

// applier holds the authorities of one run of Apply.
type applier struct {
	store   *Store
	pairs   map[string]*Pair
	issuers map[string]*issuer
}

// begin does what all else rests on: authorities, bundles, the service-account pair. The rest is leaves.
func (a *applier) begin(decisions []Decision) (files []artifact.Local, rest []Decision, err error) {
	for _, d := range decisions {
		if !d.Changes() {
			continue
		}
		do := a.doer(d.kind)
		if do == nil {
			rest = append(rest, d)
			continue
		}
		made, err := do(d)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, made...)
	}
	return files, rest, a.prepare(rest)
}

func (a *applier) doer(k kind) func(Decision) ([]artifact.Local, error) {
	switch k {
	case kindAuthority:
		return a.makeAuthority
	case kindBundle:
		return a.writeBundle
	case kindServiceAccount:
		return a.makeServiceAccount
	case kindPublicKey:
		return a.writePublicKey
	}
	return nil
}

// prepare sets up the authorities that sign the leaves.
func (a *applier) prepare(leaves []Decision) error {
	for _, d := range leaves {
		if d.kind != kindLeaf || a.issuers[d.authority] != nil {
			continue
		}
		authority, err := a.load(d.authority, d.at)
		if err != nil {
			return err
		}
		if a.issuers[d.authority], err = newIssuer(a.store.spec.PKI, authority.Signer); err != nil {
			return err
		}
	}
	return nil
}

// load is an authority as it stands, or as it was made a moment ago.
func (a *applier) load(name string, now time.Time) (Authority, error) {
	if pair := a.pairs[name]; pair != nil {
		return Authority{Name: name, Signer: pair, Trust: trust(pair)}, nil
	}
	return a.store.Authority(name, now)
}

func (a *applier) produce(ctx context.Context, first []artifact.Local, rest []Decision, out chan<- []artifact.Local) error {
	for {
		n := min(chunk, len(rest))
		files, err := a.leaves(ctx, rest[:n])
		if err != nil {
			return err
		}
		select {
		case out <- append(first, files...):
		case <-ctx.Done():
			return ctx.Err()
		}
		if first, rest = nil, rest[n:]; len(rest) == 0 {
			return nil
		}
	}
}

// leaves makes keys and certificates on all cores.
func (a *applier) leaves(ctx context.Context, decisions []Decision) ([]artifact.Local, error) {
	made := make([][]artifact.Local, len(decisions))
	var workers errgroup.Group
	workers.SetLimit(runtime.GOMAXPROCS(0))
	for i, d := range decisions {
		workers.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			made[i], err = a.leaf(d)
			return err
		})
	}
	if err := workers.Wait(); err != nil {
		return nil, err
	}
	var files []artifact.Local
	for _, m := range made {
		files = append(files, m...)
	}
	return files, nil
}

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
