package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"golang.org/x/crypto/ssh"
)

// sshServer is a host's SSH server.
type sshServer struct {
	config   *ssh.ServerConfig
	files    files
	commands commands
	forward  forwarder
	meter    meter

	mu       sync.Mutex
	listener net.Listener
	open     map[net.Conn]bool
	wg       sync.WaitGroup
}

// serverConfig lets in root with the one key and nobody else.
func serverConfig(host ssh.Signer, client ssh.PublicKey) *ssh.ServerConfig {
	config := &ssh.ServerConfig{
		Config:        ssh.Config{Ciphers: meterable},
		ServerVersion: "SSH-2.0-hardway-lab",
		PublicKeyCallback: func(meta ssh.ConnMetadata, offered ssh.PublicKey) (*ssh.Permissions, error) {
			if meta.User() == "root" && bytes.Equal(offered.Marshal(), client.Marshal()) {
				return &ssh.Permissions{}, nil
			}
			return nil, fmt.Errorf("failed to let %s in: unknown user or key", meta.User())
		},
	}
	config.AddHostKey(host)
	return config
}

// listen begins to serve; it returns once connections are taken.
func (s *sshServer) listen(ctx context.Context, address string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("failed to listen for SSH: %w; another lab may run there: choose other addresses or another port", err)
	}
	s.mu.Lock()
	s.listener, s.open = listener, map[net.Conn]bool{}
	s.mu.Unlock()
	s.wg.Go(func() { s.accept(listener) })
	return nil
}

func (s *sshServer) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.open == nil {
			s.mu.Unlock()
			_ = conn.Close()
			return
		}
		s.open[conn] = true
		s.mu.Unlock()
		s.wg.Go(func() { s.serve(conn) })
	}
}

// close ends every connection and waits until nothing is served any more.
func (s *sshServer) close() error {
	s.mu.Lock()
	var errs []error
	if s.listener != nil {
		errs = append(errs, s.listener.Close())
	}
	for conn := range s.open {
		_ = conn.Close()
	}
	s.listener, s.open = nil, nil
	s.mu.Unlock()
	s.wg.Wait()
	return errors.Join(errs...)
}

// disconnect cuts every connection; who asks again is answered.
func (s *sshServer) disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.open {
		_ = conn.Close()
	}
}

// idle reports whether no connection is served, nor what was asked on one.
func (s *sshServer) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open) == 0
}

// serve speaks with one client until it goes. What fails here is the client's to see.
func (s *sshServer) serve(raw net.Conn) {
	defer func() {
		_ = raw.Close()
		s.mu.Lock()
		delete(s.open, raw)
		s.mu.Unlock()
	}()
	conn, channels, requests, err := ssh.NewServerConn(s.meter.metered(raw), s.config)
	if err != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go ssh.DiscardRequests(requests)
	var wg sync.WaitGroup
	for channel := range channels {
		wg.Go(func() { s.channel(ctx, channel) })
	}
	cancel()
	wg.Wait()
	_ = conn.Close()
}

func (s *sshServer) channel(ctx context.Context, channel ssh.NewChannel) {
	switch channel.ChannelType() {
	case "session":
		s.session(ctx, channel)
	case "direct-tcpip":
		s.forward.tcp(ctx, channel)
	case "direct-streamlocal@openssh.com":
		s.forward.unix(ctx, channel)
	default:
		_ = channel.Reject(ssh.UnknownChannelType, "this host offers sessions and forwarding")
	}
}

// session runs one command or one subsystem, as the first request that asks for either says.
func (s *sshServer) session(ctx context.Context, offer ssh.NewChannel) {
	channel, requests, err := offer.Accept()
	if err != nil {
		return
	}
	defer channel.Close()
	for request := range requests {
		var asked struct{ Text string }
		understood := ssh.Unmarshal(request.Payload, &asked) == nil
		switch {
		case request.Type == "exec" && understood:
			_ = request.Reply(true, nil)
			ctx, cancel := context.WithCancel(ctx)
			go func() {
				ssh.DiscardRequests(requests)
				cancel()
			}()
			exit(channel, s.commands.run(ctx, asked.Text, channel, channel, channel.Stderr()))
			return
		case request.Type == "subsystem" && understood && asked.Text == "sftp":
			_ = request.Reply(true, nil)
			go ssh.DiscardRequests(requests)
			err := s.files.serveSFTP(channel)
			exit(channel, map[bool]int{true: 0, false: 1}[err == nil])
			return
		default:
			_ = request.Reply(false, nil)
		}
	}
}

// exit ends a session with an exit code.
func exit(channel ssh.Channel, code int) {
	_ = channel.CloseWrite()
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{uint32(code)}))
}

// listening reports whether the server takes connections.
func (s *sshServer) listening() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listener != nil
}
