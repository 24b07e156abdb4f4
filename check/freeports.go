package check

import (
	"fmt"
	"strings"
)

func freePorts(s *Survey, h *Host) []Row {
	var rows []Row
	var free, ours []string
	for _, o := range Openings(s.Spec) {
		if o.Node.Name != h.Node.Name || o.Protocol != tcp || o.Unit == "" {
			continue
		}
		held, taken := o.holder(h.Facts.Listens)
		switch {
		case !taken:
			free = append(free, fmt.Sprint(o.Port))
		case held.Unit == o.Unit:
			ours = append(ours, fmt.Sprint(o.Port))
		default:
			rows = append(rows, o.taken(h, held)...)
		}
	}
	if len(free)+len(ours) == 0 && len(rows) == 0 {
		return nil
	}
	return orOK(rows, "%s", strings.Join(said("free: ", free, "held by their own units: ", ours), "; "))
}

// said is each list with what stands before it, as far as it has anything.
func said(lists ...any) []string {
	var out []string
	for i := 0; i+1 < len(lists); i += 2 {
		if list := lists[i+1].([]string); len(list) > 0 {
			out = append(out, lists[i].(string)+strings.Join(list, ", "))
		}
	}
	return out
}

// holder is the socket that keeps the server from listening; its own unit's before another's.
func (o Opening) holder(listens []Listen) (held Listen, taken bool) {
	for _, l := range listens {
		if o.meets(l) && (!taken || l.Unit == o.Unit) {
			held, taken = l, true
		}
	}
	return held, taken
}

func (o Opening) taken(h *Host, held Listen) []Row {
	at := fmt.Sprintf("%d, for %s, is taken at %s", o.Port, o.Server, held.Address)
	switch {
	case held.PID == 0 && !h.Facts.Root:
		return unknown("log in as root or set ssh.sudo", "%s; by whom cannot be seen as this user", at)
	case held.PID == 0:
		return failed("find it with `ss -ltnp` and stop it", "%s by a process that cannot be seen", at)
	case held.Unit == "-":
		return failed(fmt.Sprintf("stop process %d, or move it to another port", held.PID), "%s by %s", at, held.Command)
	}
	return failed("`systemctl disable --now "+held.Unit+"`, or move it to another port", "%s by %s (%s)", at, held.Command, held.Unit)
}
