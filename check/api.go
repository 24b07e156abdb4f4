package check

import (
	"context"
	"crypto/tls"
	"time"

	"k8s.io/client-go/kubernetes"

	"hardway/cluster"
	"hardway/controlplane"
	"hardway/manifests"
)

// superAdmin is the certificate that the cluster is asked with: what binds the administrators' group may be what is missing.
const superAdmin = "super-admin"

// apiLimit bounds one request.
const apiLimit = 10 * time.Second

// api is a client of one API server, through the SSH connection of its own host.
type api struct {
	*kubernetes.Clientset
	node    cluster.Node
	address string
	config  *tls.Config
	dial    manifests.DialFunc
}

// clients is one for each API server that nothing was found about.
func (v *Verification) clients() []*api {
	var out []*api
	for _, n := range masters(v.Spec) {
		host := v.hosts[n.Name]
		if host.Conn == nil || !v.well(liveAPI, n.Name) {
			continue
		}
		config, err := v.Store.ClientTLS(superAdmin)
		if err != nil {
			continue
		}
		a := &api{node: n, address: controlplane.Ready(n).Address, config: config, dial: host.Conn.Dial}
		rest := manifests.Config(a.address, config.Clone(), a.dial)
		rest.Timeout = apiLimit
		if a.Clientset, err = kubernetes.NewForConfig(rest); err == nil {
			out = append(out, a)
		}
	}
	return out
}

// fromAPI asks the first API server that is well.
func fromAPI(ask func(context.Context, *Verification, *api) []Row) func(context.Context, *Verification) []Row {
	return func(ctx context.Context, v *Verification) []Row {
		if len(v.api) == 0 {
			return noAPI()
		}
		return ask(ctx, v, v.api[0])
	}
}

func noAPI() []Row {
	return unknown("see `"+liveAPI+"`, and `"+liveEtcd+"`", "no API server could be asked")
}

// unanswered is what an API server did not tell.
func unanswered(a *api, err error) []Row {
	return failed("ssh "+a.node.Name+" journalctl -u "+controlplane.APIServerUnit+" -n 50", "the API server of %s does not say: %v", a.node.Name, err)
}
