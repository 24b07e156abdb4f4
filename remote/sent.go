package remote

import (
	"io"
	"sync"

	"hardway/artifact"
)

// Sent is how far the staging of one host's files has come.
type Sent struct {
	Host string
	// Files is how many of OfFiles stand there, Bytes how many of OfBytes have been handed to the connection.
	Files, OfFiles int64
	Bytes, OfBytes int64
}

// tally counts what is sent and tells of it; nil counts nothing.
type tally struct {
	mu   sync.Mutex
	sent Sent
	tell func(Sent)
}

// newTally knows what is to be sent. A file whose size cannot be told fails when it is opened, and counts as nothing here.
func newTally(host string, files []artifact.File, tell func(Sent)) *tally {
	if tell == nil || len(files) == 0 {
		return nil
	}
	t := &tally{sent: Sent{Host: host, OfFiles: int64(len(files))}, tell: tell}
	for _, f := range files {
		size, _ := f.Content.Size()
		t.sent.OfBytes += size
	}
	t.add(0, 0)
	return t
}

func (t *tally) add(files, bytes int64) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent.Files += files
	t.sent.Bytes += bytes
	t.tell(t.sent)
}

// countedFrom is from which size on, in bytes, a file's sending is told of before it ends.
const countedFrom = 1 << 20

// counting is a large file that counts what is read of it. Its size is what the sending of several packets at once goes by.
type counting struct {
	io.Reader
	size  int64
	tally *tally
}

func (c *counting) Size() int64 { return c.size }

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.tally.add(0, int64(n))
	return n, err
}
