package sshd_test

import (
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"hardway/test/sshd"
)

func TestLogsInAndRunsACommand(t *testing.T) {
	server := sshd.Start(t, sshd.Options{HostKeys: []sshd.Kind{sshd.RSA, sshd.ECDSA, sshd.Ed25519}})
	client := login(t, server, server.HostKeys[2])
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := session.Output("ls -A ~ && echo hello")
	if err != nil || string(out) != "hello\n" {
		t.Errorf("an empty home and hello: %q, %v", out, err)
	}
	known, err := os.ReadFile(server.KnownHosts)
	if err != nil || strings.Count(string(known), "\n") != 3 {
		t.Errorf("known_hosts of a host with three keys: %q, %v", known, err)
	}
}

func TestCloseEndsServerAndConnections(t *testing.T) {
	server, err := sshd.Open(t.TempDir(), sshd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	client := login(t, server, server.HostKeys[0])
	server.Close()
	server.Close()
	ended := make(chan error, 1)
	go func() { ended <- client.Wait() }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the connection outlives the server")
	}
	if conn, err := net.Dial("tcp", server.Endpoint()); err == nil {
		conn.Close()
		t.Error("somebody still listens")
	}
}

func TestOpenSaysWhatSSHDSaysOfABadConfiguration(t *testing.T) {
	_, err := sshd.Open(t.TempDir(), sshd.Options{Config: []string{"NoSuchOption yes"}})
	if err == nil || !strings.Contains(err.Error(), "NoSuchOption") {
		t.Errorf("got %v, want a word on NoSuchOption", err)
	}
}

func login(t *testing.T, server *sshd.Server, host ssh.PublicKey) *ssh.Client {
	t.Helper()
	data, err := os.ReadFile(server.IdentityFile)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey(data)
	if err != nil {
		t.Fatal(err)
	}
	client, err := ssh.Dial("tcp", server.Endpoint(), &ssh.ClientConfig{
		User: server.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)},
		HostKeyCallback: ssh.FixedHostKey(host), HostKeyAlgorithms: []string{host.Type()},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}
