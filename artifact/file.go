package artifact

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
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

// FromFile is content that stands in a local file and is read when needed.
func FromFile(path string) Content { return onDisk(path) }

type onDisk string

func (p onDisk) Open() (io.ReadCloser, error) { return os.Open(string(p)) }

func (p onDisk) Size() (int64, error) {
	info, err := os.Stat(string(p))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (p onDisk) SHA256() (string, error) {
	f, err := os.Open(string(p))
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

// ReadAll is the whole content in memory.
func ReadAll(c Content) ([]byte, error) {
	r, err := c.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
