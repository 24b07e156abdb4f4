package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Dial is one try of a host to get to a server.
type Dial struct {
	To Opening
	// Err is why it did not; nil when it did.
	Err error
	// Silent is why nothing listened there, where nothing did.
	Silent error
}

func reach(_ *Survey, h *Host) []Row {
	var rows []Row
	var reached []string
	for _, d := range h.Dials {
		to := fmt.Sprintf("%s on %s (%s)", d.To.Server, d.To.Node.Name, d.To.Target())
		switch {
		case d.Err == nil:
			reached = append(reached, fmt.Sprintf("%s:%d", d.To.Node.Name, d.To.Port))
		case prohibited(d.Err):
			// The check of forwarding says so, once.
		case d.Silent != nil:
			message, _ := troubleOf(d.Silent)
			rows = append(rows, unknown("ask again once it runs", "%s: nothing listens there yet, and nothing could for a moment: %s", to, message)...)
		default:
			rows = append(rows, failed("open it in the firewalls between them and on "+d.To.Node.Name+": `hardway preflight --ports` prints the rules", "cannot reach %s: %s", to, why(d.Err))...)
		}
	}
	if len(h.Dials) == 0 || len(reached) == 0 && len(rows) == 0 {
		return nil
	}
	return orOK(rows, "%s", strings.Join(reached, ", "))
}

// why is how a dial failed, in a few words.
func why(err error) string {
	refused := (*ssh.OpenChannelError)(nil)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %s", dialLimit)
	case errors.As(err, &refused) && refused.Message == "open failed":
		// OpenSSH says no more where connect(2) fails at once.
		return "the host has no way there"
	case errors.As(err, &refused):
		return strings.ToLower(refused.Message)
	}
	return err.Error()
}

func prohibited(err error) bool {
	refused := (*ssh.OpenChannelError)(nil)
	return errors.As(err, &refused) && refused.Reason == ssh.Prohibited
}

// dials is what a host will dial and can be tried: servers on other hosts of the survey.
func (s *Survey) dials(h *Host) []Opening {
	var out []Opening
	for _, o := range Openings(s.Spec) {
		if o.DialledBy(h.Node.Name) && slices.ContainsFunc(s.others(h), func(t *Host) bool { return t.Node.Name == o.Node.Name }) {
			out = append(out, o)
		}
	}
	return out
}

// DialledBy reports whether a host will dial the server, and can be asked to try.
func (o Opening) DialledBy(host string) bool {
	for _, a := range o.From {
		for _, n := range a.Nodes {
			if n.Name == host && !a.untested && o.Protocol == tcp {
				return true
			}
		}
	}
	return false
}
