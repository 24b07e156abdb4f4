// Package haproxy renders what a load-balancer node holds: HAProxy's configuration, the bundle it verifies API servers
// with, and a drop-in for the distribution's unit. It also owns the stats page's password, which is made once.
package haproxy
