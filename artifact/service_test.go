package artifact_test

import (
	"testing"

	"hardway/artifact"
)

func service() artifact.Service {
	return artifact.Service{
		Name: "etcd.service", Description: "etcd", Binary: "/usr/local/bin/etcd", Version: "v3.6.16",
		Flags: []artifact.Flag{
			{Name: "trusted-ca-file", Value: "/ca"},
			{Name: "initial-cluster", Value: "a=https://a:2380", Inert: true},
		},
		Options: []artifact.Option{{Name: "Type", Value: "notify"}},
	}
}

func inputs(t *testing.T, s artifact.Service, ca, cert string) string {
	t.Helper()
	f, err := s.File("etcd",
		[]artifact.File{{Path: "/ca", Content: artifact.Bytes([]byte(ca))}, {Path: "/cert", Content: artifact.Bytes([]byte(cert))}},
		[]artifact.Read{
			{Unit: "etcd.service", Path: "/ca", Effect: artifact.Restart},
			{Unit: "etcd.service", Path: "/cert", Effect: artifact.Hot},
		})
	must(t, err)
	sum, err := artifact.InputsOf(f)
	must(t, err)
	if len(sum) != 64 {
		t.Fatalf("inputs %q, want a SHA-256", sum)
	}
	return sum
}

func TestInputsChangeWithWhatIsReadOnlyAtStart(t *testing.T) {
	base := inputs(t, service(), "ca", "cert")
	newer, inert, flag, option := service(), service(), service(), service()
	newer.Version = "v3.6.17"
	inert.Flags[1].Value = "a=https://a:2380,b=https://b:2380"
	flag.Flags[0].Value = "/other"
	option.Options[0].Value = "simple"
	for name, c := range map[string]struct {
		got   string
		stale bool
	}{
		"nothing":              {inputs(t, service(), "ca", "cert"), false},
		"a hot file":           {inputs(t, service(), "ca", "renewed"), false},
		"an inert flag":        {inputs(t, inert, "ca", "cert"), false},
		"a file read at start": {inputs(t, service(), "rotated", "cert"), true},
		"a flag":               {inputs(t, flag, "ca", "cert"), true},
		"an option":            {inputs(t, option, "ca", "cert"), true},
		"the binary's version": {inputs(t, newer, "ca", "cert"), true},
	} {
		if (c.got != base) != c.stale {
			t.Errorf("%s changes: stale %v, want %v", name, c.got != base, c.stale)
		}
	}
}

func TestUnitOf(t *testing.T) {
	for path, want := range map[string]string{
		"/etc/systemd/system/etcd.service":                   "etcd.service",
		"/etc/systemd/system/haproxy.service.d/hardway.conf": "haproxy.service",
		"/etc/systemd/system/haproxy.service.d/notes.txt":    "",
		"/etc/systemd/system/etcd.timer":                     "",
		"/etc/etcd/pki/server.crt":                           "",
	} {
		if got, ok := artifact.UnitOf(path); ok != (want != "") || ok && got != want {
			t.Errorf("UnitOf(%s) = %q, %v; want %q", path, got, ok, want)
		}
	}
}
