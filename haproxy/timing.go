package haproxy

import "time"

// How a lost API server is noticed. Measured with the leader of etcd paused, when /readyz of the surviving servers takes
// 0.87 to 1.01 s: two slow answers in a row must not take them down too, so three failures are asked for, the second
// and third in quick succession.
const (
	checkInterval = 500 * time.Millisecond
	fastInterval  = 100 * time.Millisecond
	checkTimeout  = 700 * time.Millisecond
	// connectTimeout bounds the TCP connection of clients and, on top of checkTimeout, that of a check.
	connectTimeout = time.Second
	fall           = 3
	rise           = 2
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
