package artifact

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
)

// File is what should stand at one path of a host, as a value. A directory has fs.ModeDir set and no Content.
type File struct {
	// Path is absolute on the host, as in /etc/etcd/pki/ca-bundle.crt.
	Path string
	Mode fs.FileMode
	// Owner is user:group by name, resolved on the host; empty means root:root.
	Owner string
	// Secret files never stand under hosts/ and are only ever shown as hashes.
	Secret bool
	// Source is where the bytes come from at delivery, relative to the work directory; empty means from hosts/<node>.
	// Every secret has one, and so have binaries, which are too large to stand once per host.
	Source string
	// Component names who rendered the file: etcd, controlplane, haproxy, worker.
	Component string
	Content   Content
}

// IsDir reports whether the file is a directory.
func (f File) IsDir() bool { return f.Mode.IsDir() }

// OwnerOrRoot is the owner with the default filled in.
func (f File) OwnerOrRoot() string {
	if f.Owner == "" {
		return "root:root"
	}
	return f.Owner
}

// Content is bytes that can be read more than once without being held in memory.
type Content interface {
	Open() (io.ReadCloser, error)
	// Size is in bytes.
	Size() (int64, error)
	// SHA256 is the digest in lower-case hex.
	SHA256() (string, error)
}

// Bytes is content that is already in memory.
func Bytes(data []byte) Content { return inMemory(data) }

type inMemory []byte

func (b inMemory) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
func (b inMemory) Size() (int64, error)         { return int64(len(b)), nil }
func (b inMemory) SHA256() (string, error)      { return Digest(b), nil }

// FromFile is content that stands in a local file and is read when needed. Its digest is computed once, and again only when
// another file stands there or this one has changed.
func FromFile(path string) Content { return &onDisk{path: path} }

type onDisk struct {
	path string

	mu    sync.Mutex
	stamp fs.FileInfo
	sum   string
}

func (f *onDisk) Open() (io.ReadCloser, error) { return os.Open(f.path) }

func (f *onDisk) Size() (int64, error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// SHA256 is held up for others that ask meanwhile: a binary for many hosts is read once.
func (f *onDisk) SHA256() (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	stamp, err := os.Stat(f.path)
	if err != nil {
		return "", err
	}
	if f.stamp != nil && unchanged(f.stamp, stamp) {
		return f.sum, nil
	}
	sum, err := digestOf(f.path)
	if err != nil {
		return "", err
	}
	f.stamp, f.sum = stamp, sum
	return sum, nil
}

func unchanged(before, now fs.FileInfo) bool {
	return os.SameFile(before, now) && before.ModTime().Equal(now.ModTime()) && before.Size() == now.Size()
}

func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Digest is the SHA-256 of data in lower-case hex.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// mostInMemory bounds what is read as a whole: content may stand on a host that says whatever it likes. Programs are larger, and
// never read so.
const mostInMemory = 16 << 20

// ReadAll is the whole content in memory.
func ReadAll(c Content) ([]byte, error) {
	r, err := c.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, mostInMemory+1))
	if err == nil && len(data) > mostInMemory {
		return nil, fmt.Errorf("it is more than %d MiB, which is no file to be read as a whole", mostInMemory>>20)
	}
	return data, err
}
