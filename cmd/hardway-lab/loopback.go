package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"hardway/lab"
)

// loopback is a lab of package lab: one process in the background plays all hosts.
type loopback struct {
	place
	config config
}

func (l loopback) status(ctx context.Context) ([]lab.UnitStatus, error) {
	if err := l.mustRun(); err != nil {
		return nil, err
	}
	data, err := l.ask(ctx, http.MethodGet, "/status")
	if err != nil {
		return nil, err
	}
	var rows []lab.UnitStatus
	if err := json.Unmarshal(data, &rows); err != nil {
		return nil, fmt.Errorf("failed to read what the lab answered: %w", err)
	}
	return rows, nil
}

func (l loopback) order(ctx context.Context, verb, host string) error {
	if verb == "cut" || verb == "mend" {
		return hinted{fmt.Errorf("hosts on loopback addresses have no cable"), "those of `hardway-lab up --driver container` have one"}
	}
	if verb == "remove" {
		return hinted{fmt.Errorf("hosts on loopback addresses are removed together"), "hardway-lab down --purge"}
	}
	if err := l.mustRun(); err != nil {
		return err
	}
	_, err := l.ask(ctx, http.MethodPost, "/hosts/"+url.PathEscape(host)+"/"+verb)
	return err
}

func (l loopback) stop(ctx context.Context, _ bool) error {
	if err := l.place.stop(ctx); err != nil {
		return err
	}
	lab.Sweep(l.machines(), l.config.Hosts)
	return nil
}
