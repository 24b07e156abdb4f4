package check

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"hardway/pki"
	"hardway/remote"
)

// answerLimit is how long a server that took a connection may take to answer: one whose etcd hangs needs a second or two.
const answerLimit = 5 * time.Second

// answerBytes bounds how much of an answer is read.
const answerBytes = 64 << 10

// sighting is what came of dialling a server.
type sighting struct {
	route
	// lost is why the host that should dial could not be asked to; dial why it got no connection, and hello why it got no
	// certificate.
	lost, dial, hello error
	chain             []*x509.Certificate
	// unsaid is why the server said nothing, where it is not its certificate.
	unsaid error
	status int
	body   string
}

// see dials a server along every route side by side, shakes hands as that client would, and asks.
func (v *Verification) see(ctx context.Context, s served) []sighting {
	out := make([]sighting, len(s.routes))
	_ = remote.ForEach(ctx, indices(s.routes), len(s.routes), func(ctx context.Context, i int) error {
		out[i] = v.look(ctx, s, s.routes[i])
		return nil
	})
	return out
}

func (v *Verification) look(ctx context.Context, s served, r route) sighting {
	seen := sighting{route: r}
	config, err := v.config(s, r)
	if err != nil {
		seen.lost = err
		return seen
	}
	dial := v.Dial
	if r.from != "" {
		host := v.hosts[r.from]
		if host.Conn == nil {
			seen.lost = host.Trouble
			return seen
		}
		dial = host.Conn.Dial
	}
	limited, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	raw, err := dial(limited, "tcp", r.address)
	if err != nil {
		seen.dial = err
		if limited.Err() != nil {
			seen.dial = context.DeadlineExceeded
		}
		return seen
	}
	seen.speak(ctx, raw, config, s.path)
	return seen
}

// config is the client's: its certificate, what it trusts, and the name that it dials.
func (v *Verification) config(s served, r route) (*tls.Config, error) {
	authority := pki.Kubernetes
	if leaf, known := v.leaves[s.leaves[0]]; known {
		authority = leaf.Authority
	}
	of := func() (*tls.Config, error) { return v.Store.Trust(authority) }
	if r.as != "" {
		of = func() (*tls.Config, error) { return v.Store.ClientTLS(r.as) }
	}
	config, err := of()
	if err == nil {
		config.ServerName, config.Time = r.name, v.Now
	}
	return config, err
}

// speak takes any certificate, so that what is wrong with it can be said; one that a client would not take is asked nothing.
func (s *sighting) speak(ctx context.Context, raw net.Conn, config *tls.Config, path string) {
	defer func() { _ = raw.Close() }()
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = raw.Close() })()
	lax := config.Clone()
	lax.InsecureSkipVerify = true
	lax.VerifyConnection = func(state tls.ConnectionState) error {
		s.chain = state.PeerCertificates
		return nil
	}
	conn := tls.Client(raw, lax)
	err := conn.HandshakeContext(ctx)
	switch {
	case len(s.chain) == 0:
		s.hello = errors.Join(err, ctx.Err())
	case err != nil:
		s.unsaid = err
	case path != "" && trouble(s.chain, config, s.name) == "":
		s.status, s.body, s.unsaid = get(conn, s.address, path)
		if ctx.Err() != nil && s.unsaid != nil {
			s.unsaid = fmt.Errorf("no answer within %s", answerLimit)
		}
	}
}

// get asks over a connection that stands, and reads the answer.
func get(conn net.Conn, host, path string) (status int, body string, err error) {
	request, err := http.NewRequest(http.MethodGet, "https://"+host+path, nil) //nolint:noctx // the connection ends with the context
	if err != nil {
		return 0, "", err
	}
	request.Close = true
	if err := request.Write(conn); err != nil {
		return 0, "", err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	data, _ := io.ReadAll(io.LimitReader(response.Body, answerBytes))
	return response.StatusCode, string(data), nil
}

// trouble is why a client would not take a certificate, empty where it would.
func trouble(chain []*x509.Certificate, config *tls.Config, name string) string {
	leaf, now := chain[0], config.Time()
	switch {
	case now.After(leaf.NotAfter):
		return "that expired on " + minute(leaf.NotAfter)
	case now.Before(leaf.NotBefore):
		return "that is not valid before " + minute(leaf.NotBefore)
	}
	intermediates := x509.NewCertPool()
	for _, c := range chain[1:] {
		intermediates.AddCert(c)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: config.RootCAs, Intermediates: intermediates, CurrentTime: now}); err != nil {
		return fmt.Sprintf("of %q, which does not verify: %v", leaf.Issuer, err)
	}
	if leaf.VerifyHostname(name) != nil {
		return fmt.Sprintf("that is not valid for %s, only for %s", name, namesOf(leaf))
	}
	return ""
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// namesShown is how many names of a certificate a finding gives.
const namesShown = 6

// namesOf is what a certificate is valid for, in a few words.
func namesOf(leaf *x509.Certificate) string {
	names := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	if rest := len(names) - namesShown; rest > 0 {
		names = append(names[:namesShown], fmt.Sprintf("%d more", rest))
	}
	if len(names) == 0 {
		return "no name at all"
	}
	return strings.Join(names, ", ")
}
