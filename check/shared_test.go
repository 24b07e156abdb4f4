package check_test

import (
	"context"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"hardway/check"
)

func TestSharedAddressIsFreeOrHeldByABalancer(t *testing.T) {
	const shared = "192.168.96.5"
	free := map[string]error{shared: context.DeadlineExceeded}
	local := func() func(string, string) string {
		return on(t, "haproxy1", `route 192.168.96.5 .*`, `route 192.168.96.5 local 192.168.96.5 dev lo src 192.168.96.5`)
	}
	for name, c := range map[string]struct {
		edit   func(string, string) string
		shared map[string]error
		state  check.State
		words  string
	}{
		"nobody answers":               {nil, free, check.OK, "free"},
		"no route to whoever it is":    {nil, map[string]error{shared: &ssh.OpenChannelError{Reason: ssh.ConnectionFailed, Message: "No route to host"}}, check.OK, "free"},
		"somebody takes a connection":  {nil, map[string]error{shared: nil}, check.Failed, "somebody who is no balancer"},
		"somebody refuses one":         {nil, map[string]error{shared: &ssh.OpenChannelError{Reason: ssh.ConnectionFailed, Message: "Connection refused"}}, check.Failed, "somebody who is no balancer"},
		"the other balancer has it":    {local(), nil, check.OK, "held by haproxy1"},
		"the other has it and answers": {local(), map[string]error{shared: nil}, check.OK, "held by haproxy1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := surveyed(t, c.edit)
			for i := range s.Hosts {
				s.Hosts[i].Shared = c.shared
			}
			rows := with(s.Judge(), "haproxy2", "virtual-address")
			if len(rows) != 1 || rows[0].State != c.state || !strings.Contains(rows[0].Seen, c.words) {
				t.Errorf("got %+v, want %s with %q", rows, c.state, c.words)
			}
		})
	}
}
