package binaries

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"strings"

	"hardway/cluster"
)

// maxSums bounds a file of checksums, in bytes.
const maxSums = 1 << 20

// published is the SHA-256 that a project publishes of a release's file, in hex.
func (f *Fetcher) published(ctx context.Context, b Binary) (string, error) {
	var text []byte
	err := f.retry(ctx, func() (further bool, err error) {
		ctx, cancel := context.WithTimeout(ctx, f.Stall)
		defer cancel()
		body, _, _, err := f.get(ctx, b.Sums, 0)
		if err != nil {
			return false, err
		}
		defer body.Close()
		text, err = io.ReadAll(io.LimitReader(body, maxSums))
		return false, err
	})
	if err != nil {
		return "", fmt.Errorf("failed to fetch the checksum of %s: %w", path.Base(b.URL.Path), err)
	}
	sum, ok := sumOf(string(text), path.Base(b.URL.Path))
	if !ok {
		return "", cluster.Problems{{
			Subject: b.Sums.Redacted(), Message: "there is no SHA-256 of " + path.Base(b.URL.Path) + " in what the server answers",
			Hint: "open it in a browser: a proxy or a mirror may answer with a page of its own",
		}}
	}
	return sum, nil
}

// sumOf finds the checksum of a file in what sha256sum prints of any number of files, or in a checksum alone.
func sumOf(text, file string) (string, bool) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		named := len(fields) == 2 && path.Base(strings.TrimPrefix(fields[1], "*")) == file
		if named || len(fields) == 1 {
			sum := strings.ToLower(fields[0])
			if data, err := hex.DecodeString(sum); err == nil && len(data) == 32 {
				return sum, true
			}
		}
	}
	return "", false
}
