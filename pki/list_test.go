package pki

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestListHoldsEveryCertificate(t *testing.T) {
	s := issued3(t)
	rows := s.List(noon)
	if want := 3 + len(Catalogue(s.spec)); len(rows) != want {
		t.Fatalf("%d rows, want %d", len(rows), want)
	}
	for _, c := range rows {
		if c.State != StateValid || c.Reason == "" || c.NotAfter == nil || c.Serial == "" {
			t.Errorf("%s: %+v", c.File, c)
		}
	}
}

func TestListRowAsJSON(t *testing.T) {
	s := issued3(t)
	rows := map[string]Certificate{}
	for _, c := range s.List(noon) {
		rows[c.Node+"/"+c.Name] = c
	}
	peer := rows["kmaster3/etcd-peer"]
	serial := peer.Serial
	peer.Serial = "1f"
	data, err := json.Marshal(peer)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"name":"etcd-peer","file":"pki/kmaster3/etcd-peer.crt","node":"kmaster3","subject":"CN=kmaster3",` +
		`"sans":["kmaster3","localhost","192.168.96.48","127.0.0.1","::1"],"issuer":"CN=etcd-ca","serial":"1f",` +
		`"notBefore":"2026-03-04T11:55:00Z","notAfter":"2027-03-04T11:55:00Z","keyAlgorithm":"ECDSA P-256",` +
		`"holders":["kmaster3:/etc/etcd/pki/peer.crt"],"state":"valid","reason":"valid until 2027-03-04"}`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Errorf("(-want +have):\n%s", diff)
	}
	of := openssl(t, "x509", "-noout", "-serial", "-in", s.work.Path(peer.File))
	if have := strings.TrimLeft(strings.ToLower(strings.TrimSpace(strings.TrimPrefix(of, "serial="))), "0"); have != serial {
		t.Errorf("serial %s, openssl reads %s", serial, have)
	}
	wantHolders := []string{
		"kmaster1:/etc/kubernetes/pki/front-proxy-ca-bundle.crt", "kmaster2:/etc/kubernetes/pki/front-proxy-ca-bundle.crt", "kmaster3:/etc/kubernetes/pki/front-proxy-ca-bundle.crt",
	}
	if diff := cmp.Diff(wantHolders, rows["/front-proxy"].Holders); diff != "" {
		t.Errorf("holders of the front-proxy authority (-want +have):\n%s", diff)
	}
}

func TestListOfNothingHasNoNullArrays(t *testing.T) {
	data, err := json.Marshal(open(t, systemv()).List(noon))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{`"sans":null`, `"holders":null`} {
		if strings.Contains(string(data), field) {
			t.Errorf("it holds %s", field)
		}
	}
	if n := strings.Count(string(data), `"state":"missing"`); n != 3+len(Catalogue(systemv())) {
		t.Errorf("%d rows are missing, want all", n)
	}
}

func TestListShowsIssuersAndGenerationsOfAuthorities(t *testing.T) {
	s := issued3(t)
	newCA(t, "Issuing", newCA(t, "Corp Root", nil, nil), nil).drop(t, s, Etcd)
	coming := newCA(t, "next", nil, nil)
	put(t, s, "pki/ca.next.crt", encodeCertificates(coming.cert))
	put(t, s, "pki/ca.next.key", keyPEM(t, coming.key))
	var have []string
	for _, c := range s.List(noon)[:5] {
		have = append(have, c.Name+" "+c.Subject+" "+c.File)
	}
	want := []string{
		"kubernetes CN=kubernetes pki/ca.crt", "kubernetes next CN=next pki/ca.next.crt",
		"etcd CN=Issuing pki/etcd-ca.crt", "etcd issuer 1 CN=Corp Root pki/etcd-ca.crt", "front-proxy CN=front-proxy-ca pki/front-proxy-ca.crt",
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("(-want +have):\n%s", diff)
	}
}

func TestListGoesOnWhereOneIsWrong(t *testing.T) {
	s := issued3(t)
	put(t, s, "pki/ca.crt", []byte("rubbish"))
	put(t, s, "pki/kmaster1/etcd-peer.key", []byte("rubbish"))
	states := map[State]int{}
	for _, c := range s.List(noon) {
		states[c.State]++
	}
	etcdAndFrontProxy := 2 + 1 + 3*4
	if states[StateValid] != etcdAndFrontProxy-1 || states[StateWrong] != 3+len(Catalogue(s.spec))-etcdAndFrontProxy+1 {
		t.Errorf("%v, want what the Kubernetes authority signs and one of etcd's wrong", states)
	}
}

func TestCheckFindsWhatEndsWithin(t *testing.T) {
	s := issued3(t)
	if found := s.Check(noon, 30*24*time.Hour); found != nil {
		t.Errorf("of new certificates: %v", found)
	}
	leaves := len(Catalogue(s.spec))
	end := noon.Add(year - 5*time.Minute)
	for _, c := range []struct {
		name   string
		now    time.Time
		within time.Duration
		want   int
	}{
		{"just before the window", end.Add(-720*time.Hour - time.Second), 720 * time.Hour, 0},
		{"on its edge", end.Add(-720 * time.Hour), 720 * time.Hour, leaves},
		{"after the end", end.Add(time.Second), 0, leaves},
		{"the authorities too", noon, 10 * year, leaves + 3},
	} {
		if found := s.Check(c.now, c.within); len(found) != c.want {
			t.Errorf("%s: %d findings, want %d", c.name, len(found), c.want)
		}
	}
	remove(t, s, "pki/kworker2/kubelet.crt")
	found := s.Check(noon, 0)
	if len(found) != 1 || found[0].Host != "kworker2" || found[0].Subject != "pki/kworker2/kubelet.crt" || found[0].Hint != "hardway pki kubelet" {
		t.Errorf("of a missing one: %+v", found)
	}
}

func TestExpiredAuthorityIsListedAsExpired(t *testing.T) {
	s := issued3(t)
	for _, c := range s.List(noon.Add(11 * year)) {
		if c.State != StateExpired {
			t.Errorf("%s is %s (%s)", c.File, c.State, c.Reason)
		}
	}
	found := s.Check(noon.Add(11*year), 0)
	if len(found) == 0 || !strings.Contains(found[0].Hint, "replace it in good time") {
		t.Errorf("found %+v", found)
	}
}
