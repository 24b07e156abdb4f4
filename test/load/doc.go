// Package load puts a cluster's API under load with client-go and says what failed, to hold that something done to the
// cluster meanwhile goes unnoticed.
//
// Every client has a connection of its own, over HTTP/2 as client-go makes it, and does one kind of thing again and again:
// read, write, watch, or write slowly (a request that is in flight for long). Failures are counted at the
// http.RoundTripper, so before client-go tries again: an error, an answer of 400 and above (429 too), a body that breaks
// off. A watch that ends in good order before the time it asked for is cut short: every API server that stops does that to
// its watches, so they are counted by themselves. Watchers go on where their last watch ended, as informers do; a write that
// one of them is never told of is missed. Every acknowledged write is looked for at the end; one that is not there is lost.
//
//	l, err := load.Start(ctx, load.Options{Kubeconfig: "kubeconfig/super-admin.kubeconfig", Clients: 3})
//	...                     // what is done to the cluster
//	report, err := l.Stop(ctx)
//	if report.Failed() > 0 { t.Error(report) }
package load
