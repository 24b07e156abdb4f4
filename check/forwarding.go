package check

import "hardway/cluster"

// forwardingHints is the setting of sshd that each kind of forwarding needs. OpenSSH allows both unless told otherwise.
var forwardingHints = map[string]string{
	"tcp":  "`AllowTcpForwarding yes` (or local) in sshd_config there, for this user: hardway asks servers from their own hosts",
	"unix": "`AllowStreamLocalForwarding yes` (or local) in sshd_config there, or one of socat, perl and python3: HAProxy is drained through its socket",
}

func forwarding(_ *Survey, h *Host) []Row {
	var rows []Row
	for _, kind := range []string{"tcp", "unix"} {
		err, tried := h.Forwards[kind]
		if tried && err != nil {
			rows = append(rows, failed(forwardingHints[kind], "%s cannot be reached through the SSH connection: %s", map[string]string{"tcp": "TCP", "unix": "sockets"}[kind], why(err))...)
		}
	}
	_, socket := h.Forwards["unix"]
	switch {
	case len(rows) > 0:
		return rows
	case socket:
		return ok("TCP and sockets")
	case h.Node.Has(cluster.RoleLoadBalancer):
		return unknown("ask again once HAProxy runs", "TCP; there is no socket yet to try that kind with")
	}
	return ok("TCP")
}
