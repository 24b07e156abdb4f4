package worker

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	coordination "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"

	"hardway/cluster"
)

// DialFunc opens a connection from a host.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// askTimeout bounds one question.
const askTimeout = 5 * time.Second

// answerBytes bounds how much of an answer is read: a Node with a long list of images has some 100 KB.
const answerBytes = 4 << 20

// Health is where a unit of a node says on the node itself whether it is well. Anyone there may ask.
type Health struct{ Unit, URL string }

// Local is where the node's kubelet and kube-proxy say whether they are well.
func Local(node cluster.Node) []Health {
	at := func(port int) string {
		return "http://" + net.JoinHostPort(node.LocalAddress(), strconv.Itoa(port)) + "/healthz"
	}
	return []Health{{KubeletUnit, at(kubeletHealthPort)}, {KubeProxyUnit, at(kubeProxyHealthPort)}}
}

// Ask is nil when the unit is well.
func (h Health) Ask(ctx context.Context, dial DialFunc) error {
	_, err := get(ctx, h.URL, nil, dial)
	return err
}

// Report is what the API knows of a node's kubelet: by the kubelet's own clock.
type Report struct {
	// Ready is the Node's condition, Why what the kubelet says where it is not.
	Ready bool
	Why   string
	// Told is when the condition was told last, Renewed when the kubelet's lease was. Zero where there is none yet.
	Told, Renewed time.Time
}

// AskAPI asks an API server at host:port for the node's report. config is a client that may read Nodes and Leases.
func AskAPI(ctx context.Context, server, node string, config *tls.Config, dial DialFunc) (Report, error) {
	var object corev1.Node
	var lease coordination.Lease
	base := "https://" + server
	err := decode(ctx, base+"/api/v1/nodes/"+url.PathEscape(node), config, dial, &object)
	if err == nil {
		err = decode(ctx, base+"/apis/coordination.k8s.io/v1/namespaces/"+corev1.NamespaceNodeLease+"/leases/"+url.PathEscape(node), config, dial, &lease)
	}
	return report(object, lease), err
}

func report(node corev1.Node, lease coordination.Lease) Report {
	r := Report{Why: "its Node is not registered"}
	if node.Name != "" {
		r.Why = "its kubelet has not told the API of its state"
	}
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady {
			r.Ready, r.Told = c.Status == corev1.ConditionTrue, c.LastHeartbeatTime.Time
			r.Why = "its Node is not ready: " + c.Reason + ": " + c.Message
		}
	}
	if lease.Spec.RenewTime != nil {
		r.Renewed = lease.Spec.RenewTime.Time
	}
	return r
}

// decode gets an object; one that is not there is left empty.
func decode(ctx context.Context, url string, config *tls.Config, dial DialFunc, object any) error {
	body, err := get(ctx, url, config, dial)
	if err == nil && body != nil {
		err = json.Unmarshal(body, object)
	}
	return err
}

// get is the body of an answer, nil where there is no such thing. Every question has a connection of its own: who answers
// may have been restarted since.
func get(ctx context.Context, url string, config *tls.Config, dial DialFunc) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true, DialContext: dial}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("does not answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, answerBytes))
	switch {
	case response.StatusCode == http.StatusNotFound:
		return nil, nil
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s says %s", request.URL.Path, response.Status)
	}
	return body, err
}
