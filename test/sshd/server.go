package sshd

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"hardway/cluster"
)

// Server is a running OpenSSH server.
type Server struct {
	// Address is where it listens, without the port.
	Address string
	Port    int
	// User is the one user who can log in: whoever runs the test, or the account of the options.
	User string
	// IdentityFile is a private key that is let in.
	IdentityFile string
	// HostKeys are the public halves of the host's keys, in the order of the options.
	HostKeys []ssh.PublicKey
	// KnownHosts is a file that trusts every key of the host.
	KnownHosts string

	dir     string
	options Options
	process *process
}

// Start runs a server until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := Open(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("sshd on port %d said:\n%s", s.Port, s.Log())
		}
		s.Close()
	})
	return s
}

// attempts is how often a server is started: between choosing a free port and listening on it somebody else may take it.
const attempts = 5

// Open runs a server whose files stand in dir, until Close. It returns once the server listens.
func Open(dir string, o Options) (*Server, error) {
	s := &Server{Address: cmp.Or(o.Address, "127.0.0.1"), Port: o.Port, dir: dir, options: o}
	if err := s.prepare(); err != nil {
		return nil, fmt.Errorf("failed to prepare sshd: %w", err)
	}
	err := errors.New("never tried")
	for range attempts {
		if err = s.listen(); err == nil {
			return s, nil
		}
		if !errors.Is(err, errPortTaken) {
			break
		}
	}
	return nil, fmt.Errorf("failed to start sshd: %w", err)
}

// prepare makes the keys, which stay the same whatever port is found.
func (s *Server) prepare() error {
	me, err := user.Current()
	if err != nil {
		return err
	}
	s.User, s.IdentityFile = me.Username, filepath.Join(s.dir, "id_ed25519")
	client, err := WriteKey(s.IdentityFile, Ed25519, "")
	if err != nil {
		return err
	}
	if err := errors.Join(s.authorize(client), os.Mkdir(s.path("home"), 0o700)); err != nil {
		return err
	}
	if a := s.options.Account; a != nil {
		if err := a.write(s.dir); err != nil {
			return err
		}
		s.User, s.options.Under = a.Name, append(a.under(s.dir), s.options.Under...)
	}
	if len(s.options.HostKeys) == 0 {
		s.options.HostKeys = []Kind{Ed25519}
	}
	for _, kind := range s.options.HostKeys {
		key, err := WriteKey(s.hostKeyFile(kind), kind, "")
		if err != nil {
			return err
		}
		s.HostKeys = append(s.HostKeys, key)
	}
	return nil
}

func (s *Server) authorize(client ssh.PublicKey) error {
	lines := ssh.MarshalAuthorizedKey(client)
	for _, line := range s.options.Authorized {
		lines = append(lines, line+"\n"...)
	}
	return os.WriteFile(s.path("authorized_keys"), lines, 0o600)
}

func (s *Server) listen() error {
	if s.options.Port == 0 {
		port, err := freePort(s.Address)
		if err != nil {
			return err
		}
		s.Port = port
	}
	if err := os.WriteFile(s.path("sshd_config"), s.config(), 0o600); err != nil {
		return err
	}
	s.KnownHosts = s.path("known_hosts")
	if err := os.WriteFile(s.KnownHosts, []byte(s.KnownHostsLines(s.HostKeys...)), 0o600); err != nil {
		return err
	}
	process, err := run(s.options.Under, s.path("sshd_config"), s.path("log"))
	s.process = process
	return err
}

func freePort(address string) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

func (s *Server) hostKeyFile(kind Kind) string { return s.path("ssh_host_" + string(kind) + "_key") }

// Endpoint is address and port as a dialer wants them.
func (s *Server) Endpoint() string { return net.JoinHostPort(s.Address, strconv.Itoa(s.Port)) }

// KnownHostsLines is lines of known_hosts that say the host has these keys.
func (s *Server) KnownHostsLines(keys ...ssh.PublicKey) string {
	var lines string
	for _, key := range keys {
		lines += knownhosts.Line([]string{s.Endpoint()}, key) + "\n"
	}
	return lines
}

// Node is the server as a host of a spec.
func (s *Server) Node(name string) cluster.Node {
	return cluster.Node{Name: name, Address: cluster.OneOrMore{s.Address}}
}

// SSH is how a spec says the server is reached.
func (s *Server) SSH() cluster.SSH {
	return cluster.SSH{
		User: s.User, Port: s.Port, IdentityFile: s.IdentityFile, Timeout: cluster.Duration{Duration: startTimeout},
	}
}

// Log is what the server has said so far.
func (s *Server) Log() string {
	data, err := os.ReadFile(s.path("log"))
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// Close ends the server and everything it started. A second time does nothing.
func (s *Server) Close() { s.process.end() }
