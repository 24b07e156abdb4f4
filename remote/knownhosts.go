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

// ShownKey is the key that a host shows.
type ShownKey struct {
	Type, Fingerprint string
	// Trusted: known_hosts has it.
	Trusted bool
	// Line is the line of known_hosts that trusts it.
	Line string
}

// HostKey is the key a node shows, without logging in. A key that differs from the known one is an error.
func (d *Dialer) HostKey(ctx context.Context, node cluster.Node) (ShownKey, error) {
	settings := d.options.SSH(node)
	known, err := readKnownHosts(d.options.KnownHosts)
	if err != nil {
		return ShownKey{}, err
	}
	address := net.JoinHostPort(node.PrimaryAddress(), strconv.Itoa(settings.Port))
	ctx, cancel := context.WithTimeout(ctx, settings.Timeout.Duration)
	defer cancel()
	raw, err := dialRaw(ctx, nil, address)
	if err != nil {
		return ShownKey{}, d.hostError(node.Name, unreachable(address, err))
	}
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	shown := ShownKey{}
	_, _, _, err = ssh.NewClientConn(raw, address, &ssh.ClientConfig{
		User: settings.User, HostKeyAlgorithms: known.algorithms(address),
		HostKeyCallback: func(host string, remote net.Addr, key ssh.PublicKey) error {
			err := known.callback(host, remote, key)
			if wrong, ok := errors.AsType[*knownhosts.KeyError](err); ok && len(wrong.Want) > 0 {
				return known.check(node.Name)(host, remote, key)
			}
			line := knownhosts.Line([]string{knownhosts.Normalize(address)}, key)
			shown = ShownKey{Type: key.Type(), Fingerprint: ssh.FingerprintSHA256(key), Trusted: err == nil, Line: line}
			return errSeen
		},
	})
	if shown.Fingerprint == "" {
		return ShownKey{}, d.hostError(node.Name, refused(hop{settings.User, address, node.Name}, err, ctx.Err()))
	}
	return shown, nil
}

// errSeen ends a handshake that was only for looking at the key.
var errSeen = errors.New("the key was seen")
