package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
)

// fleetWorkers is how many workers the large cluster has.
const fleetWorkers = 5000

// fleetRounds is enough: every run makes 15,000 certificates.
const fleetRounds = 3

// fleet is B1 for 5,000 workers: are all cores busy, and how much memory does it take?
func fleet(ctx context.Context, b *bench) ([]row, error) {
	var runs []process
	for round := range min(b.rounds, fleetRounds) {
		p, err := b.fleetOnce(ctx)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(b.progress, "round %d of %d: %-28s %s, %.0f %% of all cores, %.0f MB\n", round+1, fleetRounds, "5,000 workers", rounded(p.wall), 100*p.busy(), p.megabytes)
		runs = append(runs, p)
	}
	by := func(value func(process) float64) []float64 {
		var all []float64
		for _, p := range runs {
			all = append(all, value(p))
		}
		slices.Sort(all)
		return all
	}
	wall, busy, memory := by(func(p process) float64 { return p.wall.Seconds() }), by(process.busy), by(func(p process) float64 { return p.megabytes })
	cores, most := atLeast(0.8), atMost(300)
	share, peak := busy[len(busy)/2], memory[len(memory)-1]
	return []row{
		{
			name: "B1 5,000 workers, whole process : all cores", ours: fmt.Sprintf("%.2f cores, %.1f s", share*float64(runtime.NumCPU()), wall[len(wall)/2]),
			other: fmt.Sprintf("%d cores", runtime.NumCPU()), ratio: fmt.Sprintf("%.2f (%.2f–%.2f)", share, busy[0], busy[len(busy)-1]),
			target: cores.String(), met: cores.met(share),
		},
		{
			name: "B1 5,000 workers, whole process : peak memory", ours: fmt.Sprintf("%.0f MB", peak), other: "-", ratio: "-",
			target: most.String() + " MB", met: most.met(peak),
		},
	}, nil
}

func (b *bench) fleetOnce(ctx context.Context) (process, error) {
	dir, err := b.fresh()
	if err != nil {
		return process{}, err
	}
	if _, err := workDir(dir, fleetWorkers); err != nil {
		return process{}, err
	}
	p, _, err := measureIn(ctx, dir, b.hardway, "pki", "all")
	return p, err
}
