package pki

import (
	"context"
	"runtime"
	"sync/atomic"
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
	return s.ApplyTelling(ctx, decisions, func(int, int) {})
}

// ApplyTelling is Apply that tells how many of the leaves are made, from several goroutines.
func (s *Store) ApplyTelling(ctx context.Context, decisions []Decision, tell func(done, total int)) error {
	a := &applier{store: s, pairs: map[string]*Pair{}, issuers: map[string]*issuer{}}
	first, rest, err := a.begin(decisions)
	if err != nil {
		return err
	}
	a.made = func() { tell(int(a.done.Add(1)), len(rest)) }
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
	// made is called after each leaf, of which done counts how many.
	made func()
	done atomic.Int64
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
			a.made()
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
