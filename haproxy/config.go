package haproxy

import (
	"bytes"
	_ "embed"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"text/template"
	"time"

	"hardway/cluster"
)

//go:embed haproxy.cfg.tmpl
var configText string

var configTemplate = template.Must(template.New("haproxy.cfg").Option("missingkey=error").Parse(configText))

// data is what the template may use; a key it does not have is an error.
type data struct {
	Socket, Backend, CAFile           string
	Binds                             []string
	Servers                           []server
	ServerName                        string
	StatsListen, StatsUser, StatsHash string
	CheckInterval, FastInterval       string
	CheckTimeout, ConnectTimeout      string
	Fall, Rise                        int
}

type server struct{ Name, Address string }

// Configuration is a balancer's haproxy.cfg; hash is the stats page's password as crypt(3) writes it.
func Configuration(spec *cluster.Spec, node cluster.Node, hash string) ([]byte, error) {
	var out bytes.Buffer
	err := configTemplate.Execute(&out, data{
		Socket: Socket, Backend: Backend, CAFile: CAPath,
		Binds:         binds(spec, node),
		Servers:       servers(spec),
		ServerName:    serverName(spec),
		StatsListen:   spec.LoadBalancer.StatsListen,
		StatsUser:     spec.LoadBalancer.StatsUser,
		StatsHash:     hash,
		CheckInterval: millis(checkInterval), FastInterval: millis(fastInterval),
		CheckTimeout: millis(checkTimeout), ConnectTimeout: millis(connectTimeout),
		Fall: fall, Rise: rise,
	})
	return out.Bytes(), err
}

// serverName is in every API server's certificate, whatever the endpoint is called; an address could not be asked for by SNI.
func serverName(spec *cluster.Spec) string {
	return "kubernetes.default.svc." + spec.Network.ClusterDomain
}

func servers(spec *cluster.Spec) []server {
	var out []server
	for _, n := range spec.With(cluster.RoleControlPlane) {
		out = append(out, server{n.Name, join(n.PrimaryAddress(), cluster.APIServerPort)})
	}
	return out
}

// binds is where clients are accepted: on every address of the machine, the shared one of two balancers included, which
// only one of them has. On loopback, where several hosts share one machine, on the node's own addresses.
func binds(spec *cluster.Spec, node cluster.Node) []string {
	addresses := parse(node.Address...)
	var own []string
	for _, addr := range addresses {
		own = append(own, join(addr.String(), spec.Endpoint.Port))
	}
	if len(addresses) > 0 && addresses[0].IsLoopback() {
		return own
	}
	if slices.ContainsFunc(append(addresses, parse(spec.LoadBalancer.VirtualIP)...), netip.Addr.Is6) {
		return []string{join("::", spec.Endpoint.Port) + " v4v6"}
	}
	// A kernel without IPv6 has no [::].
	return []string{join("0.0.0.0", spec.Endpoint.Port)}
}

// parse leaves out what is no address: that is for the spec's validation to report.
func parse(texts ...string) []netip.Addr {
	var out []netip.Addr
	for _, text := range texts {
		if addr, err := netip.ParseAddr(text); err == nil {
			out = append(out, addr)
		}
	}
	return out
}

func join(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) + "ms" }
