package pki

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"time"
)

// handshake runs TLS over loopback between a server that demands certificates and a client, and returns both errors.
func handshake(t *testing.T, server, client *tls.Config) error {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			defer conn.Close()
			err = tls.Server(conn, server).Handshake()
		}
		done <- err
	}()
	conn, err := tls.Dial("tcp", l.Addr().String(), client)
	if err == nil {
		defer conn.Close()
		// In TLS 1.3 the client is done before the server has looked at its certificate.
		return <-done
	}
	return err
}

func at(config *tls.Config) *tls.Config {
	config.Time = func() time.Time { return noon.Add(time.Hour) }
	return config
}

func TestMembersAndClientsOfEtcdAcceptEachOtherAndNobodyElse(t *testing.T) {
	s := issued3(t)
	serverOf := func(id string) *tls.Config {
		config, err := s.ClientTLS(id)
		if err != nil {
			t.Fatal(err)
		}
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, config.RootCAs
		return at(config)
	}
	for client, accepted := range map[string]bool{
		"etcd-admin": true, "kmaster2/apiserver-etcd-client": true, "kmaster3/etcd-peer": true, "kmaster1/etcd-server": true,
		"admin": false, "kmaster1/front-proxy-client": false, "kworker1/kubelet": false,
	} {
		config, err := s.ClientTLS(client)
		if err != nil {
			t.Fatal(err)
		}
		// What is tried is the client's certificate, so every client trusts etcd's servers here.
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(readFileOf(t, s, "pki/etcd-ca-bundle.crt"))
		if err := handshake(t, serverOf("kmaster1/etcd-server"), at(config)); (err == nil) != accepted {
			t.Errorf("%s: accepted %v (%v), want %v", client, err == nil, err, accepted)
		}
	}
	if err := handshake(t, serverOf("kmaster1/apiserver"), at(mustClient(t, s, "kworker1/kubelet"))); err != nil {
		t.Errorf("a kubelet to an API server: %v", err)
	}
	if err := handshake(t, serverOf("kmaster1/etcd-server"), at(mustClient(t, s, "kworker1/kubelet"))); err == nil {
		t.Error("a kubelet trusts etcd's server, which another authority signed")
	}
}

func mustClient(t *testing.T, s *Store, id string) *tls.Config {
	t.Helper()
	config, err := s.ClientTLS(id)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func TestClientNamesWhatIsMissing(t *testing.T) {
	s := issued3(t)
	if _, err := s.ClientTLS("kmaster9/apiserver"); err == nil {
		t.Error("a certificate of no node was found")
	}
	remove(t, s, "pki/etcd-ca-bundle.crt")
	if _, err := s.ClientTLS("etcd-admin"); err == nil {
		t.Error("a client without anything to verify servers by")
	}
	remove(t, s, "pki/admin.key")
	if _, err := s.Client("admin"); err == nil {
		t.Error("a client without its key")
	}
}
