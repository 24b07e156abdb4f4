package controlplane

import (
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/haproxy"
)

const (
	// requestTimeout is kube-apiserver's --request-timeout: what a request in flight may still take.
	requestTimeout = time.Minute
	// watchGrace lets open watches end spread out instead of all at once.
	watchGrace = 10 * time.Second
	// stopMargin is what is left to flush and exit.
	stopMargin = 5 * time.Second
)

// shutdownDelay is for how long a server that was told to stop still serves while its /readyz says no: longer than the
// balancers take to notice, in whole seconds.
func shutdownDelay() time.Duration {
	return haproxy.LongestDetection().Truncate(time.Second) + time.Second
}

// stopTimeout is how long systemd waits before it kills.
func stopTimeout() time.Duration { return shutdownDelay() + requestTimeout + watchGrace + stopMargin }

// goawayChance is the most that kube-apiserver takes: one request in fifty asks its client to connect again, for which the
// client's next request opens another connection. Behind a balancer that is what brings clients back to a server that was
// away, and what takes them off one that is drained: with one in a thousand a client of 25 requests a second stays for 40 s,
// with this for 2 s. It costs a handshake every fifty requests, a third of a millisecond.
const goawayChance = "0.02"

func shutdown(spec *cluster.Spec) []setting {
	out := []setting{
		plain("request-timeout", requestTimeout.String()),
		plain("shutdown-delay-duration", shutdownDelay().String()),
		// With true a server goes on listening when the delay is over and answers 429 to the next request on every connection
		// that is still open. With false it tells its clients at that moment to connect again (GOAWAY), and finishes what is
		// in flight.
		plain("shutdown-send-retry-after", "false"),
		plain("shutdown-watch-termination-grace-period", watchGrace.String()),
	}
	if len(spec.With(cluster.RoleControlPlane)) > 1 {
		// With a single server it would be for nothing (kube-apiserver's own advice).
		out = append(out, plain("goaway-chance", goawayChance))
	}
	return out
}

func seconds(d time.Duration) string { return d.Truncate(time.Second).String() }

func stopOption() artifact.Option {
	return artifact.Option{Name: "TimeoutStopSec", Value: seconds(stopTimeout())}
}
