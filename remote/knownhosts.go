package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"hardway/cluster"
)

// knownHosts is the host keys this cluster trusts. A host that is not in it is never talked to.
type knownHosts struct {
	file     string
	callback ssh.HostKeyCallback
}

func readKnownHosts(file string) (*knownHosts, error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return &knownHosts{file: file, callback: func(string, net.Addr, ssh.PublicKey) error { return &knownhosts.KeyError{} }}, nil
	}
	callback, err := knownhosts.New(file)
	if err != nil {
		return nil, fmt.Errorf("failed to read %s: %w", file, err)
	}
	return &knownHosts{file, callback}, nil
}

// check refuses unknown and changed keys, and says which line of the file disagrees.
func (k *knownHosts) check(host string) ssh.HostKeyCallback {
	return func(address string, remote net.Addr, key ssh.PublicKey) error {
		err := k.callback(address, remote, key)
		wrong, ok := errors.AsType[*knownhosts.KeyError](err)
		if !ok {
			return err
		}
		if len(wrong.Want) == 0 {
			return &HostError{
				Message: fmt.Sprintf("host key of %s is not known: it shows %s %s", address, key.Type(), ssh.FingerprintSHA256(key)),
				Hint:    fmt.Sprintf("compare it with the host's console, then `hardway hosts trust %s`", host), Err: err,
			}
		}
		want := wrong.Want[0]
		return &HostError{
			Message: fmt.Sprintf("host key of %s has changed: it shows %s %s, known is %s %s", address,
				key.Type(), ssh.FingerprintSHA256(key), want.Key.Type(), ssh.FingerprintSHA256(want.Key)),
			Hint: fmt.Sprintf("if the host was installed anew, delete line %d of %s and run `hardway hosts trust %s`; if not, somebody is in between",
				want.Line, want.Filename, host), Err: err,
		}
	}
}

// algorithms is the kinds of host key that are known for an address. Without this the server would choose among all its
// keys, and a key that is not the known one would look like a changed one.
func (k *knownHosts) algorithms(address string) []string {
	// A key that no host can have makes the callback tell the ones it knows.
	wrong, ok := errors.AsType[*knownhosts.KeyError](k.callback(address, &net.TCPAddr{}, noKey{}))
	if !ok {
		return nil
	}
	var algorithms []string
	for _, want := range wrong.Want {
		kinds := []string{want.Key.Type()}
		if kinds[0] == ssh.KeyAlgoRSA {
			kinds = []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
		}
		for _, kind := range kinds {
			if !slices.Contains(algorithms, kind) {
				algorithms = append(algorithms, kind)
			}
		}
	}
	return algorithms
}

type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return nil }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }

// HostKey is the key a node shows, without logging in, and whether known_hosts already trusts it.
func (d *Dialer) HostKey(ctx context.Context, node cluster.Node) (key ssh.PublicKey, trusted bool, err error) {
	settings := d.options.SSH(node)
	known, err := readKnownHosts(d.options.KnownHosts)
	if err != nil {
		return nil, false, err
	}
	address := net.JoinHostPort(node.PrimaryAddress(), strconv.Itoa(settings.Port))
	ctx, cancel := context.WithTimeout(ctx, settings.Timeout.Duration)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, false, d.hostError(node.Name, unreachable(address, err))
	}
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	_, _, _, handshake := ssh.NewClientConn(raw, address, &ssh.ClientConfig{
		User: settings.User, HostKeyAlgorithms: known.algorithms(address),
		HostKeyCallback: func(host string, remote net.Addr, shown ssh.PublicKey) error {
			key = shown
			err := known.callback(host, remote, shown)
			trusted = err == nil
			if wrong, ok := errors.AsType[*knownhosts.KeyError](err); ok && len(wrong.Want) > 0 {
				return known.check(node.Name)(host, remote, shown)
			}
			return errSeen
		},
	})
	if key == nil || !errors.Is(handshake, errSeen) && !trusted {
		return nil, false, d.hostError(node.Name, refused(hop{settings.User, address, node.Name}, handshake, ctx.Err()))
	}
	return key, trusted, nil
}

// errSeen ends a handshake that was only for looking at the key.
var errSeen = errors.New("the key was seen")

// KnownLine is the line of known_hosts that trusts a node's key.
func (d *Dialer) KnownLine(node cluster.Node, key ssh.PublicKey) string {
	address := net.JoinHostPort(node.PrimaryAddress(), strconv.Itoa(d.options.SSH(node).Port))
	return knownhosts.Line([]string{knownhosts.Normalize(address)}, key)
}
