package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"hardway/cluster"
	"hardway/lab"
)

func checkOutput(ctx *cli.Context) error {
	if got := ctx.String("output"); !slices.Contains([]string{"text", "json"}, got) {
		return usagef("--output: want text or json, got %q", got)
	}
	return nil
}

// status prints every host and unit.
func (p *program) status(ctx *cli.Context) error {
	if err := checkOutput(ctx); err != nil {
		return err
	}
	at, err := placeOf(ctx)
	if err != nil {
		return err
	}
	d, err := at.driver()
	if err != nil {
		return err
	}
	rows, err := d.status(ctx.Context)
	if err != nil {
		return err
	}
	if ctx.String("output") == "json" {
		return p.printJSON(rows)
	}
	return p.printTable(rows)
}

// printJSON has the shape of hardway's own reports.
func (p *program) printJSON(rows []lab.UnitStatus) error {
	enc := json.NewEncoder(p.streams.Out)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		APIVersion string            `json:"apiVersion"`
		Kind       string            `json:"kind"`
		Items      []lab.UnitStatus  `json:"items"`
		Problems   []cluster.Problem `json:"problems"`
		Changes    []struct{}        `json:"changes"`
	}{cluster.APIVersion, "LabStatusReport", rows, []cluster.Problem{}, []struct{}{}})
}

func (p *program) printTable(rows []lab.UnitStatus) error {
	w := tabwriter.NewWriter(p.streams.Out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tADDRESS\tUNIT\tSTATE\tPID")
	for _, r := range rows {
		unit, pid := r.Unit, "-"
		if unit == "" {
			unit = "-"
		}
		if r.PID > 0 {
			pid = strconv.Itoa(r.PID)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.Host, r.Address, unit, r.State, pid)
	}
	return w.Flush()
}
