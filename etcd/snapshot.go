package etcd

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"

	bolt "go.etcd.io/bbolt"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"hardway/cluster"
)

// Snapshot is what a snapshot file holds.
type Snapshot struct {
	// Revision is the newest one of the data; Keys is how many keys it has there.
	Revision int64 `json:"revision"`
	Keys     int   `json:"keys"`
	// Size is of the file, in bytes; SHA256 is of the data in it, and stands behind the data.
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// SaveSnapshot copies the data of one member as it is at this moment, with its SHA-256 behind it, as the member sends both.
func (a Access) SaveSnapshot(ctx context.Context, node cluster.Node, out io.Writer) error {
	c, err := a.connect(ctx, node)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	stream, err := c.maintenance.Snapshot(ctx)
	if err != nil {
		return fmt.Errorf("failed to ask etcd on %s for a snapshot: %w", node.Name, err)
	}
	defer func() { _ = stream.Close() }()
	if _, err = io.Copy(out, stream); err != nil {
		return fmt.Errorf("failed to receive a snapshot from etcd on %s: %w", node.Name, err)
	}
	return nil
}

// ErrSnapshotHash says that a file is no whole snapshot: the digest behind its data is missing or another.
var ErrSnapshotHash = errors.New("is no whole snapshot")

// ReadSnapshot proves that a snapshot is whole, by the digest behind its data and by the database's own structure, and says
// what it holds.
func ReadSnapshot(file string) (Snapshot, error) {
	s, err := digested(file)
	if err != nil {
		return s, fmt.Errorf("%s: %w", file, err)
	}
	db, err := bolt.Open(file, 0o400, &bolt.Options{ReadOnly: true})
	if err != nil {
		return s, fmt.Errorf("failed to read snapshot %s: %w", file, err)
	}
	defer func() { _ = db.Close() }()
	if err := db.View(s.count); err != nil {
		return s, fmt.Errorf("failed to read snapshot %s: %w", file, err)
	}
	return s, nil
}

// sector is what a database's size is a multiple of; a snapshot has a digest behind it.
const sector = 512

// digested compares the data with the digest behind it.
func digested(file string) (Snapshot, error) {
	f, err := os.Open(file)
	if err != nil {
		return Snapshot{}, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return Snapshot{}, err
	}
	size := info.Size() - sha256.Size
	if size <= 0 || size%sector != 0 {
		return Snapshot{}, fmt.Errorf("%w: %d bytes are not a database with its SHA-256 behind it", ErrSnapshotHash, info.Size())
	}
	sum := sha256.New()
	if _, err := io.CopyN(sum, f, size); err != nil {
		return Snapshot{}, err
	}
	behind, err := io.ReadAll(f)
	if err != nil {
		return Snapshot{}, err
	}
	if !bytes.Equal(behind, sum.Sum(nil)) {
		return Snapshot{}, fmt.Errorf("%w: its data has SHA-256 %x, what it was saved with is %x", ErrSnapshotHash, sum.Sum(nil), behind)
	}
	return Snapshot{Size: info.Size(), SHA256: fmt.Sprintf("%x", behind)}, nil
}

// keyBucket is where etcd keeps its keys: by revision, which is the main one, an underscore and the sub-revision, each of
// eight bytes, and a mark behind a deletion. https://etcd.io/docs/v3.6/learning/data_model/
const (
	keyBucket     = "key"
	revisionBytes = 8 + 1 + 8
)

// count checks every page, and walks through the keys in the order of revisions.
func (s *Snapshot) count(tx *bolt.Tx) error {
	for err := range tx.Check() {
		return fmt.Errorf("the database is damaged: %w", err)
	}
	bucket := tx.Bucket([]byte(keyBucket))
	if bucket == nil {
		return errors.New("it is no database of etcd")
	}
	alive := map[uint64]struct{}{}
	seed := maphash.MakeSeed()
	err := bucket.ForEach(func(revision, value []byte) error {
		if len(revision) < revisionBytes {
			return fmt.Errorf("revision %x is too short", revision)
		}
		s.Revision = int64(binary.BigEndian.Uint64(revision))
		var kv mvccpb.KeyValue
		if err := kv.Unmarshal(value); err != nil {
			return fmt.Errorf("revision %x holds no key: %w", revision, err)
		}
		switch at := maphash.Bytes(seed, kv.Key); {
		case len(kv.Key) == 0: // a restore that raised the revision put it there
		case len(revision) > revisionBytes:
			delete(alive, at)
		default:
			alive[at] = struct{}{}
		}
		return nil
	})
	s.Keys = len(alive)
	return err
}

// SnapshotSource is the member to take a snapshot from: one that is healthy, holds what most hold and is furthest, and not
// the leader where another is as far, because sending is work.
func SnapshotSource(spec *cluster.Spec, e Evidence) (MemberEvidence, cluster.Problems) {
	// A cluster without space left still reads, and is one that wants a snapshot.
	rows, problems := Judge(spec, e.ButSpace())
	var best MemberEvidence
	for i, m := range e.Members {
		differs := slices.ContainsFunc(problems, func(p cluster.Problem) bool { return p.Host == m.Host && p.Subject == dataSubject })
		better := best.ID == 0 || m.Revision > best.Revision || m.Revision == best.Revision && best.ID == best.Leader
		if rows[i].Healthy && !differs && better {
			best = m
		}
	}
	if best.ID != 0 {
		return best, nil
	}
	return best, append(cluster.Problems{{
		Subject: "etcd", Message: "no member is healthy, so none can be trusted to hold what was last written; what follows is what was seen",
		Hint: "`hardway etcd snapshot save --from-member NAME` takes the data of a member that is stopped; docs/etcd.md says when",
	}}, problems...)
}
