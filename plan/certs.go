package plan

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hardway/cluster"
	"hardway/pki"
)

// CertsList is every certificate of the work directory.
func CertsList(e *Env) Step {
	return Step{
		Path: []string{"pki", "list"}, Summary: "every certificate: subject, names, issuer, expiry, holders", Check: true, Offline: true,
		Why: "What exists, who signed it, where it is held and how long it is valid, read from the files themselves.",
		Plan: func(context.Context) (Action, error) {
			return Action{Report: certificateReport(e.store().List(e.Now()), nil, e.Now())}, nil
		},
	}
}

// CertsCheck finds every certificate that ends within a duration, or is not as it should be.
func CertsCheck(e *Env, within time.Duration) Step {
	return Step{
		Path: []string{"certs", "check"}, Summary: "find certificates that end soon or are not right", Check: true, Offline: true,
		Why: "An expired certificate is an outage with a date. This is for schedules: exit 3 when anything ends within the time given.",
		Plan: func(context.Context) (Action, error) {
			now := e.Now()
			rows := e.store().List(now)
			return Action{Report: certificateReport(rows, pki.Findings(rows, now, within), now)}, nil
		},
	}
}

// PKIImport takes signed certificates in.
func PKIImport(e *Env, paths []string) Step {
	return Step{
		Path: []string{"pki", "import"}, Summary: "take in certificates that an authority elsewhere signed", Offline: true,
		Why: "The other half of --csr-only: each certificate is matched to the key that waits for it and held against the catalogue.",
		Plan: func(context.Context) (Action, error) {
			store := e.store()
			decisions, err := store.Import(e.Now(), paths...)
			if err != nil {
				return Action{}, err
			}
			return e.certificates(store, decisions), nil
		},
	}
}

func certificateReport(rows []pki.Certificate, problems cluster.Problems, now time.Time) Report {
	report := Report{
		Problems: problems,
		Table:    Table{Header: []string{"NODE", "NAME", "SUBJECT", "ISSUER", "ENDS", "LEFT", "STATE", "NAMES"}},
	}
	for _, c := range rows {
		ends, left := "", ""
		if c.NotAfter != nil {
			ends, left = c.NotAfter.Format(time.DateOnly), fmt.Sprintf("%dd", int(c.NotAfter.Sub(now).Hours()/24))
		}
		report.Items = append(report.Items, c)
		report.Table.Rows = append(report.Table.Rows, []string{
			c.Node, c.Name, c.Subject, c.Issuer, ends, left, string(c.State), strings.Join(c.SANs, " "),
		})
	}
	return report
}
