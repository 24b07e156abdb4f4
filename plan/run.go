package plan

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"

	"hardway/rollout"
)

// runBytes is how long the name of a run is, in bytes; it is written in hex.
const runBytes = 4

// begin makes the step the one that hosts are told of, until the returned function is called. All steps of a process are
// the same run; a step within another, as in `up`, is named with it. What the run has locked stays so until its outermost
// step ends.
func (e *Env) begin(ctx context.Context, s Step) (end func(), err error) {
	before := e.run
	end = func() {
		if e.run = before; before.ID == "" {
			e.unlock(ctx)
		}
	}
	if before.ID == "" {
		id := make([]byte, runBytes)
		if _, err := io.ReadFull(e.Rand, id); err != nil {
			return nil, fmt.Errorf("failed to read random bytes: %w", err)
		}
		e.run = rollout.Run{ID: hex.EncodeToString(id), Who: e.Operator.String(), Command: "hardway"}
	} else {
		e.run.Command += ":"
	}
	e.run.At = e.Now()
	e.run.Command += " " + s.Name()
	return end, nil
}
