package remote

import (
	"bytes"
	"fmt"
)

// mostBytes bounds what is taken from a host into memory: what a command prints, what stands in a file that is read as a whole.
// All that hardway asks for is far smaller; what a host says beyond is a mistake, or an attack.
const mostBytes = 16 << 20

// bounded is a buffer for what a host says. More than it may hold ends what is under way, and is an error.
type bounded struct {
	// Not embedded: a Buffer reads from a reader to its end by itself.
	data bytes.Buffer
	// end is called when it is too much; nil where the error is enough.
	end func(error)
}

// Write takes in what still fits.
func (b *bounded) Write(p []byte) (int, error) {
	if b.data.Len()+len(p) > mostBytes {
		err := tooMuch()
		if b.end != nil {
			b.end(err)
		}
		return 0, err
	}
	return b.data.Write(p)
}

// Bytes is what was said.
func (b *bounded) Bytes() []byte { return b.data.Bytes() }

func tooMuch() error {
	return &HostError{
		Message: fmt.Sprintf("it is more than %d MiB, which is no answer: reading was ended", mostBytes>>20),
		Hint:    "look at it on the host, which is broken or not the one it should be",
	}
}
