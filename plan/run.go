package plan

import (
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/user"

	"hardway/rollout"
)

// runBytes is how long the name of a run is, in bytes; it is written in hex.
const runBytes = 4

// begin makes the step the one that hosts are told of, until the returned function is called. All steps of a process are
// the same run; a step within another, as in `up`, is named with it.
func (e *Env) begin(s Step) (end func(), err error) {
	before := e.run
	end = func() { e.run = before }
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

// ThisOperator is who runs this process, and where.
func ThisOperator() Operator {
	o := Operator{User: "unknown", Host: "unknown"}
	if me, err := user.Current(); err == nil {
		o.User = me.Username
	}
	if name, err := os.Hostname(); err == nil {
		o.Host = name
	}
	return o
}
