package worker

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	certificates "k8s.io/api/certificates/v1"

	"hardway/cluster"
)

// Whom Kubernetes knows kubelets as: https://kubernetes.io/docs/reference/access-authn-authz/node/
const (
	nodeUser  = "system:node:"
	nodeGroup = "system:nodes"
)

// IsServingRequest reports whether it is a kubelet's request for a serving certificate that nobody has decided on.
// Requests for client certificates are decided by the controller-manager.
func IsServingRequest(r *certificates.CertificateSigningRequest) bool {
	return r.Spec.SignerName == certificates.KubeletServingSignerName && len(r.Status.Conditions) == 0 && len(r.Status.Certificate) == 0
}

// RequestNode is the node whose kubelet made the request, by whom the API server knew it as; empty where it was somebody else.
func RequestNode(r *certificates.CertificateSigningRequest) string {
	name, found := strings.CutPrefix(r.Spec.Username, nodeUser)
	if !found || !slices.Contains(r.Spec.Groups, nodeGroup) {
		return ""
	}
	return name
}

// Judge is everything that speaks against a kubelet's request for a serving certificate; nothing where it may be signed. The
// kubelet says in it who it is and where it can be reached; the spec says what of that is true. Whoever held a certificate
// with another's address could answer API servers in that one's place.
func Judge(spec *cluster.Spec, r *certificates.CertificateSigningRequest) []string {
	node, known := spec.Node(RequestNode(r))
	switch {
	case r.Spec.SignerName != certificates.KubeletServingSignerName:
		return []string{"it is for the signer " + r.Spec.SignerName}
	case RequestNode(r) == "":
		return []string{fmt.Sprintf("it was made by %s, who is no kubelet", r.Spec.Username)}
	case !known || !spec.RunsKubelet(&node):
		return []string{"cluster.yaml has no kubelet of the name " + RequestNode(r)}
	case !spec.KubeletsAsk():
		return []string{"kubelets of this cluster are given their certificates: worker.bootstrap is certificates"}
	}
	request, err := parseRequest(r.Spec.Request)
	if err != nil {
		return []string{err.Error()}
	}
	return slices.Concat(whose(request, node), claims(request, node), usages(r.Spec.Usages))
}

func parseRequest(data []byte) (*x509.CertificateRequest, error) {
	block, rest := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE REQUEST" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("it holds no certificate request, or more than one")
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("its request cannot be read: %w", err)
	}
	if err := request.CheckSignature(); err != nil {
		return nil, fmt.Errorf("its request is not signed with its own key: %w", err)
	}
	return request, nil
}

// whose: the subject is the kubelet's, and nothing but that.
func whose(request *x509.CertificateRequest, node cluster.Node) []string {
	want := pkix.Name{CommonName: nodeUser + node.Name, Organization: []string{nodeGroup}}
	if have := request.Subject.ToRDNSequence().String(); have != want.ToRDNSequence().String() {
		return []string{fmt.Sprintf("its subject is %q, want %q", have, want.ToRDNSequence().String())}
	}
	return nil
}

// claims: every name and address is the node's own in the spec, and there is one.
func claims(request *x509.CertificateRequest, node cluster.Node) []string {
	var against []string
	for _, name := range request.DNSNames {
		if !slices.Contains(append([]string{node.Name}, node.Aliases...), strings.ToLower(name)) {
			against = append(against, fmt.Sprintf("the name %s is none of %s's in cluster.yaml", name, node.Name))
		}
	}
	for _, ip := range request.IPAddresses {
		if address, _ := netip.AddrFromSlice(ip); !isOf(node, address.Unmap()) {
			against = append(against, fmt.Sprintf("the address %s is none of %s's in cluster.yaml", ip, node.Name))
		}
	}
	if len(request.EmailAddresses)+len(request.URIs) > 0 {
		against = append(against, "it asks for mail addresses or URIs")
	}
	if len(request.DNSNames)+len(request.IPAddresses) == 0 {
		against = append(against, "it asks for no name or address")
	}
	return against
}

func isOf(node cluster.Node, address netip.Addr) bool {
	return slices.ContainsFunc(node.Address, func(text string) bool {
		own, err := netip.ParseAddr(text)
		return err == nil && own.Unmap() == address
	})
}

// usages: to serve, and for nothing else. RSA keys encipher keys besides.
func usages(asked []certificates.KeyUsage) []string {
	var against []string
	for _, usage := range asked {
		if !slices.Contains([]certificates.KeyUsage{certificates.UsageServerAuth, certificates.UsageDigitalSignature, certificates.UsageKeyEncipherment}, usage) {
			against = append(against, fmt.Sprintf("it asks for the usage %q", usage))
		}
	}
	if !slices.Contains(asked, certificates.UsageServerAuth) {
		against = append(against, "it does not ask to serve")
	}
	return against
}
