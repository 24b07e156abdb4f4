package haproxy

import "time"

// How a lost API server is noticed. Clients of one wait until it is marked down, and client-go's then wait a second more
// before they ask again: for no gap to be longer than three seconds, one has to be marked down within 1.6.
//
// Nobody else must be. Measured with the leader of etcd paused, when /readyz of the surviving servers takes 0.87 to 1.01 s: no
// few slow answers in a row must take them down too, so four failures are asked for, after the first in quick succession. A
// handshake has a quarter of a second: enough where members of etcd are near enough to each other for its election timeout.
const (
	checkInterval = 250 * time.Millisecond
	fastInterval  = 100 * time.Millisecond
	checkTimeout  = 700 * time.Millisecond
	// connectTimeout bounds the TCP connection of clients, who are then passed on to another server, and, on top of
	// checkTimeout, that of a check.
	connectTimeout = 500 * time.Millisecond
	fall           = 4
	// rise is the good checks in a row that bring a server back, fastInterval apart: three seconds. An API server asks its etcd
	// once a second whether it can read. One whose network is back can for a moment and then cannot, until all connections
	// between members stand again: clients it got within a fifth of a second were cut from it twice.
	rise = 30
)

// LongestDetection is the longest time until a server that has stopped answering is marked down and its connections
// are cut: the wait for the next check, then each failing one with its connection and its answer timing out. A server
// that shuts down has to keep serving for longer than this.
func LongestDetection() time.Duration {
	return checkInterval + fall*(checkConnect+checkTimeout) + (fall-1)*fastInterval
}

// ShortestDetection is the shortest time until a server that takes connections and answers nothing is marked down: the
// first check begins at once, and none gets beyond its TLS handshake. A server that is held has to go on well before.
func ShortestDetection() time.Duration {
	return fall*min(checkConnect, checkTimeout) + (fall-1)*fastInterval
}

// checkConnect bounds a check's connection, TLS handshake included: HAProxy takes the smaller of the two.
const checkConnect = min(connectTimeout, checkInterval)

// LeaveTime is how long the clients of a drained server have to leave: API servers send them away one request in fifty
// (GOAWAY), so of those that ask once a second or more, few are left; in 8 seconds one in fifty of those that ask 25 times
// would be. Measured with 12 clients of client-go, three restarts each: without this wait and with 429 at the end 10 of
// 5,487 requests failed, without it and with GOAWAY at the end 2 of 4,700, with both 0 of 15,819. Clients that only watch
// stay to the end, whatever one waits.
const LeaveTime = 15 * time.Second

// leavePoll is how often it is looked whether any are left.
const leavePoll = 250 * time.Millisecond

// How balancers agree on who holds a shared address. One that is gone is missed after three times advertInterval; one whose
// HAProxy does not serve gives the address up after serveFall checks.
const (
	advertInterval = 500 * time.Millisecond
	// serveSeconds is between two checks, serveTimeout bounds one: it asks twice itself and every other balancer once, for a
	// second at most each.
	serveSeconds, serveTimeout = 1, 5
	serveFall, serveRise       = 2, 2
	// highestPriority is the first balancer's, the next have one less each: who takes the address when nobody has it.
	highestPriority = 200
)
