package crash

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

func TestCrashedApplyEtcdFromNothing(t *testing.T) {
	at := &copies{stages: set(t, waiting(), func(r *running) error { return r.do(render...) })}
	scene{command: "apply etcd", state: "from nothing", place: at, sample: 101, also: (*running).serves, inTurn: true}.run(t)
}

// A change of what members read only at start restarts them, one at a time, behind gates.
func TestCrashedApplyEtcdWhileItRolls(t *testing.T) {
	stages := set(t, waiting(), func(r *running) error {
		return errors.Join(r.do(append(render, "distribute", "apply etcd")...), r.store())
	})
	at := alternate(t, stages, func(work string) error {
		// One more accepted root, as in the first stage of a rotation.
		root, err := os.ReadFile(filepath.Join(work, "pki/front-proxy-ca.crt"))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(work, "pki/etcd-ca.retired.crt"), root, 0o644); err != nil {
			return err
		}
		return (&running{work: work}).do(render...)
	})
	also := func(r *running) error { return errors.Join(r.serves(), r.stillStored()) }
	scene{command: "apply etcd", state: "while it rolls", place: at, sample: 151, also: also, inTurn: true}.run(t)
}

// serves is an error unless every member runs on what stands on its host, and all of them are one healthy cluster.
func (r *running) serves() error {
	for _, h := range hosts {
		if err := r.upToDate(h.name); err != nil {
			return err
		}
	}
	return r.do("etcd verify")
}

// upToDate is an error unless the member runs with the inputs that its unit names.
func (r *running) upToDate(host string) error {
	unit, err := r.Unit(host, "etcd.service")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(r.Root(host), "etc/systemd/system/etcd.service"))
	if err != nil {
		return err
	}
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", unit.MainPID))
	if err != nil {
		return fmt.Errorf("%s: etcd is %s: %w", host, unit.Active, err)
	}
	const name = "HARDWAY_INPUTS="
	_, want, _ := strings.Cut(string(text), "Environment="+name)
	want, _, _ = strings.Cut(want, "\n")
	if want == "" || !strings.Contains("\x00"+string(environ), "\x00"+name+want+"\x00") {
		return fmt.Errorf("%s: etcd does not run on the inputs %q that its unit names", host, want)
	}
	return nil
}

// client speaks to etcd as its operator does.
func (r *running) client() (*clientv3.Client, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(r.work, "pki/etcd-admin.crt"), filepath.Join(r.work, "pki/etcd-admin.key"))
	if err != nil {
		return nil, err
	}
	root, err := os.ReadFile(filepath.Join(r.work, "pki/etcd-ca.crt"))
	if err != nil {
		return nil, err
	}
	trust := x509.NewCertPool()
	trust.AppendCertsFromPEM(root)
	var urls []string
	for _, address := range r.addresses {
		urls = append(urls, "https://"+address+":2379")
	}
	return clientv3.New(clientv3.Config{
		Endpoints: urls, DialTimeout: 10 * time.Second, Logger: zap.NewNop(),
		TLS: &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: trust, MinVersion: tls.VersionTLS12},
	})
}

// what is stored before anything happens, and has to be there afterwards.
const storedKey, storedValue = "stored", "before the change"

func (r *running) store() error {
	c, err := r.client()
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err = c.Put(ctx, storedKey, storedValue)
	return err
}

func (r *running) stillStored() error {
	c, err := r.client()
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	got, err := c.Get(ctx, storedKey)
	if err == nil && (len(got.Kvs) != 1 || string(got.Kvs[0].Value) != storedValue) {
		err = errors.New("what was stored in etcd is gone")
	}
	return err
}
