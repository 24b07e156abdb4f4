package check

import (
	"context"
	"slices"
	"strings"

	"hardway/haproxy"
)

// oneHolds asks each balancer's host for its addresses. That of hosts which cannot be reached is their own finding.
func oneHolds(ctx context.Context, v *Verification) []Row {
	shared := v.Spec.LoadBalancer.VirtualIP
	rows := v.each(ctx, sharing(v.Spec), func(ctx context.Context, t Target) []Row {
		holds, err := haproxy.AskHolds(ctx, t.Conn, shared)
		switch {
		case err != nil:
			return unknown("look with `ip address` on the host", "%v", err)
		case holds:
			return ok("holds %s", shared)
		}
		return ok("would take %s", shared)
	})
	var holders []string
	for _, r := range rows {
		if strings.HasPrefix(r.Seen, "holds ") {
			holders = append(holders, r.Host)
		}
	}
	doubtful := len(rows) < len(sharing(v.Spec)) || slices.ContainsFunc(rows, func(r Row) bool { return r.State != OK })
	switch {
	case len(holders) == 0 && !doubtful:
		return failed("`systemctl status "+haproxy.SharedUnit+"` on each, then `hardway apply haproxy`", "no load balancer holds %s", shared)
	case len(holders) > 1:
		return failed("let VRRP (IP protocol 112) through between them: `hardway preflight --ports` prints the rules", "%s is held by each of %s", shared, strings.Join(holders, ", "))
	}
	return rows
}
