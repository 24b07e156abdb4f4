package main

import (
	"context"

	"hardway/lab"
)

// The drivers: what plays the hosts.
const (
	driverLoopback  = "loopback"
	driverContainer = "container"
)

// driver is a lab that was started, whatever plays its hosts.
type driver interface {
	status(ctx context.Context) ([]lab.UnitStatus, error)
	// order does what a verb says with a host.
	order(ctx context.Context, verb, host string) error
	// stop ends everything; purge removes the hosts, too.
	stop(ctx context.Context, purge bool) error
}

// driver is the one of the lab that was started there.
func (p place) driver() (driver, error) {
	c, err := p.readConfig()
	if err != nil {
		return nil, err
	}
	if c.Driver == driverContainer {
		return containers{p.machineLab(c)}, nil
	}
	return loopback{p, c}, nil
}
