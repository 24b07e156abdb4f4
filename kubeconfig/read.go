package kubeconfig

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"

	clientcmd "k8s.io/client-go/tools/clientcmd/api/v1"
	"sigs.k8s.io/yaml"
)

// Kubeconfig is what the current context of a kubeconfig comes to. CA, Certificate and Key are PEM; where the kubeconfig
// refers to files instead they are empty, and Files names them.
type Kubeconfig struct {
	Context, Cluster, User, Server string
	CA, Certificate, Key           []byte
	Files                          HostCredentials
	// Others: there are further clusters, users or contexts.
	Others bool
}

// Read reads a kubeconfig strictly: unknown and repeated keys, a current context that does not resolve, a server
// without https, certificates that do not parse and a key of another certificate are errors. No error carries a key.
func Read(data []byte) (Kubeconfig, error) {
	var c clientcmd.Config
	if err := yaml.UnmarshalStrict(data, &c); err != nil {
		return Kubeconfig{}, fmt.Errorf("failed to parse kubeconfig: %w", err)
	}
	k, err := current(c)
	if err == nil {
		err = k.check()
	}
	if err != nil {
		return Kubeconfig{}, fmt.Errorf("failed to read kubeconfig: %w", err)
	}
	return k, nil
}

func current(c clientcmd.Config) (Kubeconfig, error) {
	if c.APIVersion != "v1" || c.Kind != "Config" {
		return Kubeconfig{}, fmt.Errorf("want apiVersion v1 and kind Config, got %q and %q", c.APIVersion, c.Kind)
	}
	context, err := named("context", c.CurrentContext, c.Contexts, func(n clientcmd.NamedContext) (string, clientcmd.Context) { return n.Name, n.Context })
	if err != nil {
		return Kubeconfig{}, err
	}
	server, err := named("cluster", context.Cluster, c.Clusters, func(n clientcmd.NamedCluster) (string, clientcmd.Cluster) { return n.Name, n.Cluster })
	if err != nil {
		return Kubeconfig{}, err
	}
	user, err := named("user", context.AuthInfo, c.AuthInfos, func(n clientcmd.NamedAuthInfo) (string, clientcmd.AuthInfo) { return n.Name, n.AuthInfo })
	if err != nil {
		return Kubeconfig{}, err
	}
	if server.InsecureSkipTLSVerify {
		return Kubeconfig{}, fmt.Errorf("cluster %q does not verify its server", context.Cluster)
	}
	return Kubeconfig{
		Context: c.CurrentContext, Cluster: context.Cluster, User: context.AuthInfo, Server: server.Server,
		CA: server.CertificateAuthorityData, Certificate: user.ClientCertificateData, Key: user.ClientKeyData,
		Files:  HostCredentials{CA: server.CertificateAuthority, Certificate: user.ClientCertificate, Key: user.ClientKey},
		Others: len(c.Contexts) > 1 || len(c.Clusters) > 1 || len(c.AuthInfos) > 1,
	}, nil
}

// named finds the one entry of a list that has the name.
func named[N, V any](what, name string, list []N, parts func(N) (string, V)) (found V, err error) {
	matches := 0
	for _, entry := range list {
		if n, value := parts(entry); n == name {
			found, matches = value, matches+1
		}
	}
	if matches != 1 {
		return found, fmt.Errorf("want one %s named %q, found %d", what, name, matches)
	}
	return found, nil
}

func (k Kubeconfig) check() error {
	server, err := url.Parse(k.Server)
	if err != nil || server.Scheme != "https" || server.Hostname() == "" {
		return fmt.Errorf("cluster %q: the server is no https URL", k.Cluster)
	}
	if (len(k.CA) == 0) == (k.Files.CA == "") {
		return fmt.Errorf("cluster %q: want its authority either embedded or as a file", k.Cluster)
	}
	embedded := len(k.Certificate) > 0 && len(k.Key) > 0 && k.Files.Certificate == "" && k.Files.Key == ""
	referred := len(k.Certificate) == 0 && len(k.Key) == 0 && k.Files.Certificate != "" && k.Files.Key != ""
	if !embedded && !referred {
		return fmt.Errorf("user %q: want certificate and key, both either embedded or as files", k.User)
	}
	return k.checkEmbedded()
}

func (k Kubeconfig) checkEmbedded() error {
	if len(k.CA) > 0 && !x509.NewCertPool().AppendCertsFromPEM(k.CA) {
		return fmt.Errorf("cluster %q: its authority holds no certificate", k.Cluster)
	}
	if len(k.Key) == 0 {
		return nil
	}
	if _, err := tls.X509KeyPair(k.Certificate, k.Key); err != nil {
		return fmt.Errorf("user %q: certificate and key are no pair: %w", k.User, err)
	}
	return nil
}
