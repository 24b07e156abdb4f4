// Command guard stands in the end-to-end tests where clusters have kube-rbac-proxy, whose module cannot be had everywhere: it
// takes those of its flags that hardway gives, asks the same API servers the same two questions, and passes on what they let.
//
// What is tried with it is what hardway says: ports, certificates, whom components believe, who may read. What kube-rbac-proxy
// itself does is not.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"

	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

type flags struct {
	listen, upstream, allowed string
	cert, key                 string
	ca, clientCert, clientKey string
}

func main() {
	var f flags
	flag.StringVar(&f.listen, "secure-listen-address", "", "")
	flag.StringVar(&f.upstream, "upstream", "", "")
	flag.StringVar(&f.allowed, "allow-paths", "", "")
	flag.StringVar(&f.cert, "tls-cert-file", "", "")
	flag.StringVar(&f.key, "tls-private-key-file", "", "")
	flag.StringVar(&f.ca, "upstream-ca-file", "", "")
	flag.StringVar(&f.clientCert, "upstream-client-cert-file", "", "")
	flag.StringVar(&f.clientKey, "upstream-client-key-file", "", "")
	flag.Parse()
	if err := f.serve(); err != nil {
		fmt.Fprintln(os.Stderr, "guard:", err)
		os.Exit(1)
	}
}

func (f flags) serve() error {
	upstream, err := url.Parse(f.upstream)
	if err != nil {
		return err
	}
	transport, err := f.transport()
	if err != nil {
		return err
	}
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	proxy := httputil.NewSingleHostReverseProxy(upstream)
	proxy.Transport = transport
	server := http.Server{Addr: f.listen, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != f.allowed {
			http.NotFound(w, r)
			return
		}
		if status := judge(r.Context(), client, r); status != http.StatusOK {
			http.Error(w, http.StatusText(status), status)
			return
		}
		r.Header.Del("Authorization")
		proxy.ServeHTTP(w, r)
	})}
	return server.ListenAndServeTLS(f.cert, f.key)
}

// transport verifies the upstream, and shows it who asks.
func (f flags) transport() (*http.Transport, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.ca != "" {
		bundle, err := os.ReadFile(f.ca)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(bundle)
	}
	if f.clientCert != "" {
		pair, err := tls.LoadX509KeyPair(f.clientCert, f.clientKey)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return &http.Transport{TLSClientConfig: config}, nil
}

// judge asks whose the token is, and whether he may read the path.
func judge(ctx context.Context, client kubernetes.Interface, r *http.Request) int {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !found {
		return http.StatusUnauthorized
	}
	who, err := client.AuthenticationV1().TokenReviews().Create(ctx, &authentication.TokenReview{Spec: authentication.TokenReviewSpec{Token: token}}, meta.CreateOptions{})
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "guard:", err)
		return http.StatusInternalServerError
	case !who.Status.Authenticated:
		return http.StatusUnauthorized
	}
	may, err := client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorization.SubjectAccessReview{Spec: authorization.SubjectAccessReviewSpec{
		User: who.Status.User.Username, Groups: who.Status.User.Groups, UID: who.Status.User.UID,
		NonResourceAttributes: &authorization.NonResourceAttributes{Path: r.URL.Path, Verb: "get"},
	}}, meta.CreateOptions{})
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "guard:", err)
		return http.StatusInternalServerError
	case !may.Status.Allowed:
		return http.StatusForbidden
	}
	return http.StatusOK
}
