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

func shutdown(spec *cluster.Spec) []setting {
	out := []setting{
		plain("request-timeout", requestTimeout.String()),
		plain("shutdown-delay-duration", shutdownDelay().String()),
		plain("shutdown-send-retry-after", "true"),
		plain("shutdown-watch-termination-grace-period", watchGrace.String()),
	}
	if len(spec.With(cluster.RoleControlPlane)) > 1 {
		// One request in a thousand asks its client to connect again: behind a balancer that is what brings connections back
		// to a server that was away. With a single server it would be for nothing (kube-apiserver's own advice).
		out = append(out, plain("goaway-chance", "0.001"))
	}
	return out
}

func seconds(d time.Duration) string { return d.Truncate(time.Second).String() }

func stopOption() artifact.Option {
	return artifact.Option{Name: "TimeoutStopSec", Value: seconds(stopTimeout())}
}
