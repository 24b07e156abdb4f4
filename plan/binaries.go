package plan

import (
	"context"
	"fmt"

	"hardway/binaries"
	"hardway/cluster"
)

// binaries are the steps that concern what stands in binaries.dir.
func (e *Env) binaries() []Step { return []Step{e.binariesFetch(), e.binariesList()} }

func (e *Env) binariesFetch() Step {
	return Step{
		Path:    []string{"binaries", "fetch"},
		Summary: "get what the versions of the spec need into binaries.dir, checksums verified",
		Why: "Hosts run the executables that their projects release, and nothing else. Each file is held against the SHA-256 that its " +
			"project publishes before it gets its name, one that was cut off is finished, and one that is already right is left alone. " +
			"Another version in the spec gets other executables here; `apply` then sends them and restarts what ran the old ones, one " +
			"host after the other. A mirror is set by binaries.mirror and binaries.githubMirror, a proxy by HTTPS_PROXY and NO_PROXY.",
		Offline: true, ByHand: binariesFetchByHand,
		Plan: func(context.Context) (Action, error) {
			wanted, rows, err := e.executables()
			if err != nil {
				return Action{}, err
			}
			report := Report{}
			var missing []binaries.Binary
			for i, row := range rows {
				report.Items = append(report.Items, row)
				if row.State == binaries.Missing || row.State == binaries.Wrong {
					missing = append(missing, wanted[i])
					report.Changes = append(report.Changes, Change{Subject: row.File, Action: "fetch", Reason: row.Reason})
				}
			}
			if len(missing) == 0 {
				report.Notes = []string{fmt.Sprintf("nothing to fetch: %s holds all %d", e.Spec.Binaries.Dir, len(rows))}
				return Action{Report: report}, nil
			}
			return Action{Report: report, Do: func(ctx context.Context) (Report, error) { return e.fetch(ctx, report, missing) }}, nil
		},
	}
}

// fetch gets executables and looks at them as they stand then: a mirror may publish the checksum of what is not wanted.
func (e *Env) fetch(ctx context.Context, planned Report, missing []binaries.Binary) (Report, error) {
	fetcher := binaries.NewFetcher(e.Work, e.Spec)
	fetcher.Progress = func(file string, done, total int64) {
		if total < 0 {
			total = done + 1 // the server does not say; more is to come as far as anybody knows
		}
		e.say(Event{Phase: PhaseFetch, File: file, Bytes: &Count{done, total}})
	}
	fetching := fetcher.Fetch(ctx, missing)
	_, rows, err := e.executables()
	if err != nil {
		return planned, err
	}
	planned.Items = nil
	var problems cluster.Problems
	for _, row := range rows {
		planned.Items = append(planned.Items, row)
		if row.State == binaries.Wrong && fetching == nil {
			problems = append(problems, row.Problem(e.Spec))
		}
	}
	if fetching == nil {
		fetching = problems.OrNil()
	}
	return done(planned, fetching)
}

func (e *Env) binariesList() Step {
	return Step{
		Path:    []string{"binaries", "list"},
		Summary: "which executables the hosts need, and whether they stand in binaries.dir",
		Why: "What is delivered is what stands here. An executable of another version or architecture than the spec's, or one that has " +
			"changed since it was fetched, is refused by `render` and `apply`; this says so before. Exit 3 when any is missing or wrong.",
		Check: true, Offline: true, ByHand: binariesListByHand,
		Plan: func(context.Context) (Action, error) {
			_, rows, err := e.executables()
			return Action{Report: executablesReport(e.Spec, rows)}, err
		},
	}
}

// executables is what the hosts need that the run is limited to, and how each stands in binaries.dir.
func (e *Env) executables() ([]binaries.Binary, []binaries.Row, error) {
	nodes, err := e.nodes()
	if err != nil {
		return nil, nil, err
	}
	wanted := binaries.Wanted(e.Spec, nodes)
	rows := make([]binaries.Row, len(wanted))
	for i, b := range wanted {
		if rows[i], err = binaries.Judge(e.Work, e.Spec, b); err != nil {
			return nil, nil, err
		}
	}
	return wanted, rows, nil
}

func executablesReport(spec *cluster.Spec, rows []binaries.Row) Report {
	report := Report{Table: Table{Header: []string{"NAME", "VERSION", "ARCH", "SIZE", "SHA256", "STATE", "WHY", "FROM"}}}
	for _, row := range rows {
		report.Items = append(report.Items, row)
		size, sum := "", ""
		if row.SHA256 != "" {
			size, sum = fmt.Sprintf("%.1f MB", float64(row.Size)/1e6), row.SHA256[:12]
		}
		report.Table.Rows = append(report.Table.Rows, []string{
			row.Name, row.Version, row.Arch, size, sum, string(row.State), row.Reason, row.URL,
		})
		if row.State == binaries.Missing || row.State == binaries.Wrong {
			report.Problems = append(report.Problems, row.Problem(spec))
		}
	}
	return report
}
