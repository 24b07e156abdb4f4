package controlplane

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"hardway/cluster"
)

// DialFunc opens a connection from the host that is asked about.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Health is where a component of a master says whether it is well. Anyone may ask.
type Health struct {
	Unit string
	// Address is host:port, ServerName a name in the certificate that is served there.
	Address, ServerName, Path string
}

// Ready is where a master's API server says whether it is ready for requests.
func Ready(node cluster.Node) Health {
	address := node.PrimaryAddress()
	return Health{APIServerUnit, net.JoinHostPort(address, port(cluster.APIServerPort)), address, "/readyz"}
}

// Controllers is where a master's controller-manager and scheduler say whether they are well.
func Controllers(node cluster.Node) []Health {
	local := func(unit string, number int) Health {
		return Health{unit, net.JoinHostPort(node.LocalAddress(), port(number)), "localhost", "/healthz"}
	}
	return []Health{local(ControllerManagerUnit, controllerManagerPort), local(SchedulerUnit, schedulerPort)}
}

// healthTimeout bounds one question. A server whose etcd hangs takes about a second to say no.
const healthTimeout = 5 * time.Second

// answerBytes bounds how much of an answer is read.
const answerBytes = 64 << 10

// Ask is nil when the component is well; trust verifies what it serves. A component that is not says in the error which
// of its checks fail.
func (h Health) Ask(ctx context.Context, trust *tls.Config, dial DialFunc) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	config := trust.Clone()
	config.ServerName = h.ServerName
	// Every question has a connection of its own: the component may have been restarted since.
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true, DialContext: dial}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+h.Address+h.Path+"?verbose", nil)
	if err != nil {
		return err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("does not answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(response.Body, answerBytes))
	if response.StatusCode == http.StatusOK {
		return nil
	}
	words := ""
	if failing := Failing(string(body)); len(failing) > 0 {
		words = ", failing: " + strings.Join(failing, ", ")
	}
	return fmt.Errorf("%s says %s%s", h.Path, response.Status, words)
}

// Failing is the checks that an answer calls failed, as in "[-]etcd failed: reason withheld".
func Failing(body string) (names []string) {
	for line := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "[-]"); ok {
			name, _, _ := strings.Cut(rest, " ")
			names = append(names, name)
		}
	}
	return names
}
