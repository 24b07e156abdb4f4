package plan

import (
	"bytes"
	"encoding/base64"

	"hardway/cluster"
	"hardway/controlplane"
)

// zeros is where a key comes from that the shell replaces by a real one.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// encryptionByHand writes the file that hardway would, with the key drawn by the shell that runs it.
func encryptionByHand(spec *cluster.Spec) []Command {
	text, err := controlplane.FirstEncryption(spec, zeros{})
	if err != nil {
		return unexplained(controlplane.EncryptionFile, err)
	}
	noKey := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0}, 32))
	return []Command{
		private(),
		{
			Says: "a key of 32 random bytes, made once: what is written with it can be read with no other; identity comes last, for what was stored before",
			Line: whole(controlplane.EncryptionFile, func(draft string) string {
				return expanded("cat >"+quote(draft), string(text), map[string]string{noKey: "head -c 32 /dev/urandom | base64"})
			}),
		},
	}
}
