package artifact

import "path"

// Read is one row of a component's table of who reads what: a unit, a path its flags or config name, what for, and
// what a change of the file needs before it counts. Joined on path the rows give the units a change restarts, the
// edges of the trust graph, and "renewed but not reloaded".
type Read struct {
	// Unit is the systemd unit that reads the file, as in etcd.service.
	Unit string
	Path string
	Use  Use
	// Peer names the other side of the connection for the uses that verify or present: a unit, or "clients".
	Peer   string
	Effect Effect
}

// Use is what a unit reads a file for.
type Use string

// The uses. ServesWith and PresentsAsClient are pairs; the Verifies ones are trust bundles or public keys.
const (
	Configures       Use = "configures"
	ServesWith       Use = "serves-with"
	PresentsAsClient Use = "presents-as-client"
	VerifiesClients  Use = "verifies-clients"
	VerifiesServers  Use = "verifies-servers"
	SignsWith        Use = "signs-with"
	VerifiesTokens   Use = "verifies-tokens"
)

// Effect is what it takes until a changed file is in use. It belongs to the flag that names the file, and to the
// version of the component.
type Effect string

// The effects, from heaviest to lightest.
const (
	// Restart: read only at start, so part of the unit's inputs.
	Restart Effect = "restart"
	// Reload: read again on systemctl reload.
	Reload Effect = "reload"
	// HotAfterPoll: the component looks again on its own within minutes.
	HotAfterPoll Effect = "hot-after-poll"
	// Hot: read at each handshake or by a file watch.
	Hot Effect = "hot"
)

// ServesHot reports whether it is a certificate that its unit serves as soon as it stands there, or soon after.
func (r Read) ServesHot() bool {
	return r.Use == ServesWith && r.Effect == Hot && path.Ext(r.Path) == ".crt"
}
