package main

import (
	"context"
	"time"
)

// workers is how many workers the small cluster has, besides its three masters.
const workers = 3

// certificates is B1: the full set of a small cluster.
func certificates(ctx context.Context, b *bench) ([]row, error) {
	return b.race(ctx,
		[]contestant{
			{name: "in process", run: issueInProcess},
			{name: "raw", run: rawOneByOne},
			{name: "cfssl", run: cfssl},
			{name: "whole process", run: b.issueAsProcess},
			{name: "raw, side by side", run: rawSideBySide},
			{name: "openssl", most: 7, run: openssl},
		},
		[]matchup{
			{"B1 full set in process : cfssl + cfssljson", "in process", "cfssl", atLeast(8)},
			{"B1 full set in process : openssl", "in process", "openssl", atLeast(30)},
			{"B1 full set in process : raw Go loop", "in process", "raw", atMost(1.3)},
			{"B1 full set in process : raw Go, side by side", "in process", "raw, side by side", atMost(1.3)},
			{"B1 full set, whole process : cfssl + cfssljson", "whole process", "cfssl", atLeast(6)},
		})
}

func issueInProcess(ctx context.Context, dir string) (time.Duration, error) {
	spec, err := workDir(dir, workers)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	s := store(dir, spec)
	decisions, err := s.Plan(time.Now())
	if err != nil {
		return 0, err
	}
	err = s.Apply(ctx, decisions)
	return time.Since(began), err
}

func (b *bench) issueAsProcess(ctx context.Context, dir string) (time.Duration, error) {
	if _, err := workDir(dir, workers); err != nil {
		return 0, err
	}
	return timed(ctx, dir, nil, b.hardway, "pki", "all")
}
