package remote

import (
	"context"
	"errors"
	"net"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"hardway/cluster"
)

// ShownKey is the key that a host shows.
type ShownKey struct {
	Type, Fingerprint string
	// Trusted: known_hosts has it.
	Trusted bool
	// Line is the line of known_hosts that trusts it.
	Line string
}

// HostKey is the key a node shows, without logging in to it. A key that differs from the known one is an error.
func (d *Dialer) HostKey(ctx context.Context, node cluster.Node) (ShownKey, error) {
	var shown ShownKey
	err := d.unlocking(func() (err error) {
		shown, err = d.hostKey(ctx, node)
		return err
	})
	if err != nil {
		return ShownKey{}, hostError(node.Name, err)
	}
	return shown, nil
}

func (d *Dialer) hostKey(ctx context.Context, node cluster.Node) (shown ShownKey, err error) {
	way, err := d.way(node)
	if err != nil {
		return ShownKey{}, err
	}
	to := way[len(way)-1]
	via, err := d.tunnel(ctx, way[:len(way)-1])
	if err != nil {
		return ShownKey{}, err
	}
	defer via.Close()
	known, err := d.known.read(to.knownHosts...)
	if err != nil {
		return ShownKey{}, err
	}
	look := func(address string, remote net.Addr, key ssh.PublicKey) error {
		err := known.known(address, remote, key)
		if wrong, ok := errors.AsType[*knownhosts.KeyError](err); err != nil && (!ok || len(wrong.Want) > 0) {
			return known.check(to)(address, remote, key)
		}
		shown = ShownKey{Type: key.Type(), Fingerprint: ssh.FingerprintSHA256(key), Trusted: err == nil, Line: knownLine(address, key)}
		return errSeen
	}
	if _, err = d.greet(ctx, via, to, known, look, login{}); errors.Is(err, errSeen) {
		return shown, nil
	}
	return ShownKey{}, err
}

// errSeen ends a handshake that was only for looking at the key.
var errSeen = errors.New("the key was seen")
