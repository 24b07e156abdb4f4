package remote

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

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

// Waypoint is one server on the way to a node, or the node itself: all of them have to be known.
type Waypoint struct {
	// Name is the node's, or the jump host as the spec or ssh_config names it, without the user.
	Name, Address string
	// Jump: it is a jump host. Behind is the names of the jump hosts that have to be gone through before.
	Jump   bool
	Behind []string

	to  hop
	via []hop
}

// Waypoints is every server on the way to the nodes, each once, a jump host before what is behind it.
func (d *Dialer) Waypoints(nodes []cluster.Node) ([]Waypoint, error) {
	var all []Waypoint
	for _, node := range nodes {
		way, err := d.way(node)
		if err != nil {
			return nil, hostError(node.Name, err)
		}
		var behind []string
		for i, to := range way {
			_, address, _ := cutLast(to.name, "@")
			w := Waypoint{Name: address, Address: to.address, Jump: to.host == "", Behind: slices.Clone(behind), to: to, via: way[:i]}
			if !slices.ContainsFunc(all, func(other Waypoint) bool { return other.Name == w.Name && other.to.knownAs == to.knownAs }) {
				all = append(all, w)
			}
			behind = append(behind, w.Name)
		}
	}
	return all, nil
}

// cutLast splits at the last separator; without one all is after it.
func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return "", text, false
	}
	return text[:i], text[i+len(separator):], true
}

// HostKey is the key a node shows, without logging in to it. A key that differs from the known one is an error.
func (d *Dialer) HostKey(ctx context.Context, node cluster.Node) (ShownKey, error) {
	way, err := d.way(node)
	if err != nil {
		return ShownKey{}, hostError(node.Name, err)
	}
	last := len(way) - 1
	return d.KeyAt(ctx, Waypoint{Name: node.Name, to: way[last], via: way[:last]})
}

// KeyAt is the key that a server on the way shows, without logging in to it; those before it are logged in to.
func (d *Dialer) KeyAt(ctx context.Context, w Waypoint) (shown ShownKey, err error) {
	err = d.unlocking(func() error {
		shown, err = d.keyAt(ctx, w)
		return err
	})
	if err != nil {
		return ShownKey{}, hostError(w.Name, err)
	}
	return shown, nil
}

func (d *Dialer) keyAt(ctx context.Context, w Waypoint) (shown ShownKey, err error) {
	via, err := d.tunnel(ctx, w.via)
	if err != nil {
		return ShownKey{}, err
	}
	defer via.Close()
	known, err := d.known.read(w.to.knownHosts...)
	if err != nil {
		return ShownKey{}, err
	}
	look := func(address string, remote net.Addr, key ssh.PublicKey) error {
		err := known.check(w.to)(address, remote, key)
		if err != nil && !errors.Is(err, errUnknownKey) {
			return err
		}
		shown = ShownKey{Type: key.Type(), Fingerprint: ssh.FingerprintSHA256(key), Trusted: err == nil, Line: knownLine(address, key)}
		return errSeen
	}
	if _, err = d.greet(ctx, via, w.to, known, look, login{}); errors.Is(err, errSeen) {
		return shown, nil
	}
	return ShownKey{}, err
}

// errSeen ends a handshake that was only for looking at the key.
var errSeen = errors.New("the key was seen")
