package plan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/remote"
)

// HostsTrust looks at each node's host key and records those that vouch says yes to. A changed key is never recorded:
// somebody has to take the old line out first.
func HostsTrust(e *Env, dialer *remote.Dialer, nodes []cluster.Node, file string, vouch func(cluster.Node, remote.ShownKey) (bool, error)) Step {
	return Step{
		Path: []string{"hosts", "trust"}, Summary: "record host keys in known_hosts",
		Why: "Nothing is ever sent to a host whose key is not known.",
		Plan: func(ctx context.Context) (Action, error) {
			keys := make([]remote.ShownKey, len(nodes))
			err := remote.ForEach(ctx, indices(nodes), e.Spec.SSH.Parallel, func(ctx context.Context, i int) (err error) {
				keys[i], err = dialer.HostKey(ctx, nodes[i])
				return err
			})
			if err != nil {
				return Action{}, err
			}
			report := Report{Table: Table{Header: []string{"HOST", "KEY", "FINGERPRINT", "STATE"}}}
			unknown := false
			for i, n := range nodes {
				state := "not trusted yet"
				if keys[i].Trusted {
					state = "trusted already"
				} else {
					unknown = true
					report.Changes = append(report.Changes, Change{n.Name, file, "trust", keys[i].Type + " " + keys[i].Fingerprint})
				}
				report.Table.Rows = append(report.Table.Rows, []string{n.Name, keys[i].Type, keys[i].Fingerprint, state})
				report.Items = append(report.Items, trustedKey{n.Name, keys[i].Type, keys[i].Fingerprint, keys[i].Trusted})
			}
			if !unknown {
				return Action{Report: report}, nil
			}
			return Action{Report: report, Do: func(context.Context) (Report, error) { return e.record(report, nodes, keys, file, vouch) }}, nil
		},
	}
}

// trustedKey is what -o json says of a host's key.
type trustedKey struct {
	Host        string `json:"host"`
	Type        string `json:"type"`
	Fingerprint string `json:"fingerprint"`
	Trusted     bool   `json:"trusted"`
}

func (e *Env) record(report Report, nodes []cluster.Node, keys []remote.ShownKey, file string, vouch func(cluster.Node, remote.ShownKey) (bool, error)) (Report, error) {
	data, err := os.ReadFile(e.Work.Path(file))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return report, err
	}
	var refused cluster.Problems
	report.Changes = nil
	for i, n := range nodes {
		if keys[i].Trusted {
			continue
		}
		ok, err := vouch(n, keys[i])
		if err != nil {
			return report, err
		}
		if !ok {
			refused = append(refused, cluster.Problem{
				Host: n.Name, Subject: file, Message: fmt.Sprintf("nobody vouched for %s %s", keys[i].Type, keys[i].Fingerprint),
				Hint: fmt.Sprintf("compare it on the host's console, then answer yes, or give --fingerprint %s=SHA256:…", n.Name),
			})
			continue
		}
		keys[i].Trusted = true
		report.Items[i] = trustedKey{n.Name, keys[i].Type, keys[i].Fingerprint, true}
		if len(data) > 0 && data[len(data)-1] != '\n' {
			data = append(data, '\n')
		}
		data = append(data, keys[i].Line+"\n"...)
		report.Table.Rows[i][3] = "trusted now"
		report.Changes = append(report.Changes, Change{n.Name, file, "trust", keys[i].Type + " " + keys[i].Fingerprint})
	}
	if len(report.Changes) > 0 {
		if err := e.Work.Commit([]artifact.Local{{Path: file, Mode: 0o644, Data: data}}); err != nil {
			return report, err
		}
	}
	return report, refused.OrNil()
}
