package worker

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net"
	"net/url"
	"strings"
	"testing"

	certificates "k8s.io/api/certificates/v1"

	"hardway/cluster"
	"hardway/test/sample"
)

// asked is a request of kworker1's kubelet, as a kubelet makes it, with what the change makes of it.
func asked(t *testing.T, change func(*x509.CertificateRequest, *certificates.CertificateSigningRequest)) *certificates.CertificateSigningRequest {
	t.Helper()
	template := &x509.CertificateRequest{
		Subject:  pkix.Name{CommonName: "system:node:kworker1", Organization: []string{"system:nodes"}},
		DNSNames: []string{"kworker1"}, IPAddresses: []net.IP{net.ParseIP("192.168.96.49")},
	}
	csr := &certificates.CertificateSigningRequest{Spec: certificates.CertificateSigningRequestSpec{
		SignerName: certificates.KubeletServingSignerName, Username: "system:node:kworker1", Groups: []string{"system:nodes", "system:authenticated"},
		Usages: []certificates.KeyUsage{certificates.UsageDigitalSignature, certificates.UsageServerAuth},
	}}
	change(template, csr)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		t.Fatal(err)
	}
	if csr.Spec.Request == nil {
		csr.Spec.Request = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	}
	return csr
}

func TestWhatAKubeletMayServeAs(t *testing.T) {
	type (
		request = *x509.CertificateRequest
		csr     = *certificates.CertificateSigningRequest
	)
	evil, _ := url.Parse("spiffe://elsewhere")
	named := func(s *cluster.Spec) {
		for i := range s.Hosts {
			if s.Hosts[i].Name == "kworker1" {
				s.Hosts[i].Aliases = []string{"kworker1.systemv.local"}
			}
		}
	}
	for name, c := range map[string]struct {
		change func(request, csr)
		// against is part of what is said against it; empty: it is approved.
		against string
	}{
		"as kubelets ask":           {func(request, csr) {}, ""},
		"with an alias":             {func(r request, _ csr) { r.DNSNames = append(r.DNSNames, "kworker1.systemv.local") }, ""},
		"the name alone":            {func(r request, _ csr) { r.IPAddresses = nil }, ""},
		"an RSA key":                {func(_ request, c csr) { c.Spec.Usages = append(c.Spec.Usages, certificates.UsageKeyEncipherment) }, ""},
		"a foreign address":         {func(r request, _ csr) { r.IPAddresses = append(r.IPAddresses, net.ParseIP("10.9.9.9")) }, "10.9.9.9"},
		"a master's address":        {func(r request, _ csr) { r.IPAddresses = []net.IP{net.ParseIP("192.168.96.46")} }, "192.168.96.46"},
		"loopback":                  {func(r request, _ csr) { r.IPAddresses = append(r.IPAddresses, net.ParseIP("127.0.0.1")) }, "127.0.0.1"},
		"a foreign name":            {func(r request, _ csr) { r.DNSNames = append(r.DNSNames, "kubernetes.default.svc") }, "kubernetes.default.svc"},
		"another node's name":       {func(r request, _ csr) { r.DNSNames = []string{"kworker2"} }, "kworker2"},
		"a wildcard":                {func(r request, _ csr) { r.DNSNames = []string{"*.systemv.local"} }, "*.systemv.local"},
		"no names":                  {func(r request, _ csr) { r.DNSNames, r.IPAddresses = nil, nil }, "no name or address"},
		"a mail address":            {func(r request, _ csr) { r.EmailAddresses = []string{"root@kworker1"} }, "mail"},
		"a URI":                     {func(r request, _ csr) { r.URIs = []*url.URL{evil} }, "URIs"},
		"another node's CN":         {func(r request, _ csr) { r.Subject.CommonName = "system:node:kworker2" }, "its subject"},
		"an administrator's O":      {func(r request, _ csr) { r.Subject.Organization = []string{"system:masters"} }, "its subject"},
		"a further O":               {func(r request, _ csr) { r.Subject.Organization = append(r.Subject.Organization, "system:masters") }, "its subject"},
		"no O":                      {func(r request, _ csr) { r.Subject.Organization = nil }, "its subject"},
		"more in the subject":       {func(r request, _ csr) { r.Subject.OrganizationalUnit = []string{"x"} }, "its subject"},
		"for a client too":          {func(_ request, c csr) { c.Spec.Usages = append(c.Spec.Usages, certificates.UsageClientAuth) }, "client auth"},
		"for a client":              {func(_ request, c csr) { c.Spec.Usages = []certificates.KeyUsage{certificates.UsageClientAuth} }, "does not ask to serve"},
		"to sign certificates":      {func(_ request, c csr) { c.Spec.Usages = append(c.Spec.Usages, certificates.UsageCertSign) }, "cert sign"},
		"any usage":                 {func(_ request, c csr) { c.Spec.Usages = append(c.Spec.Usages, certificates.UsageAny) }, "any"},
		"by another node":           {func(_ request, c csr) { c.Spec.Username = "system:node:kworker2" }, "its subject"},
		"by a person":               {func(_ request, c csr) { c.Spec.Username = "kubernetes-admin" }, "no kubelet"},
		"by one of another group":   {func(_ request, c csr) { c.Spec.Groups = []string{"system:authenticated"} }, "no kubelet"},
		"by a holder of a token":    {func(_ request, c csr) { c.Spec.Username = "system:bootstrap:abcdef" }, "no kubelet"},
		"by a node unknown":         {func(_ request, c csr) { c.Spec.Username = "system:node:kworker9" }, "no kubelet of the name kworker9"},
		"by a host without kubelet": {func(_ request, c csr) { c.Spec.Username = "system:node:kmaster1" }, "no kubelet of the name kmaster1"},
		"for another signer":        {func(_ request, c csr) { c.Spec.SignerName = certificates.KubeAPIServerClientKubeletSignerName }, "signer"},
		"no request":                {func(_ request, c csr) { c.Spec.Request = []byte("nothing") }, "no certificate request"},
	} {
		t.Run(name, func(t *testing.T) {
			against := strings.Join(Judge(sample.Spec(t, asking, named), asked(t, c.change)), "; ")
			if c.against == "" && against != "" || !strings.Contains(against, c.against) {
				t.Errorf("against it speaks %q, want %q", against, c.against)
			}
		})
	}
}

// TestARequestChangedOnTheWayIsRefused: whoever asks holds the key.
func TestARequestChangedOnTheWayIsRefused(t *testing.T) {
	csr := asked(t, func(*x509.CertificateRequest, *certificates.CertificateSigningRequest) {})
	block, _ := pem.Decode(csr.Spec.Request)
	block.Bytes[len(block.Bytes)-1] ^= 1
	csr.Spec.Request = pem.EncodeToMemory(block)
	if against := Judge(sample.Spec(t, asking), csr); len(against) == 0 {
		t.Error("its signature is another's, and it is approved")
	}
}

func TestPremadeKubeletsAskForNothing(t *testing.T) {
	csr := asked(t, func(*x509.CertificateRequest, *certificates.CertificateSigningRequest) {})
	if against := Judge(sample.Spec(t), csr); len(against) != 1 || !strings.Contains(against[0], "given their certificates") {
		t.Errorf("against it speaks %q", against)
	}
}
