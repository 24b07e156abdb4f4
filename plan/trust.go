package plan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/remote"
)

// HostsTrust looks at the host key of each node, and of each jump host on the way there, and records those that vouch says
// yes to. What stands behind a jump host is seen once that one is trusted. A changed key is never recorded: somebody has to
// take the old line out first.
func HostsTrust(e *Env, dialer *remote.Dialer, nodes []cluster.Node, file string, vouch func(remote.Waypoint, remote.ShownKey) (bool, error)) Step {
	return Step{
		Path: []string{"hosts", "trust"}, Summary: "record host keys in known_hosts",
		Why: "Nothing is ever sent to a host whose key is not known.",
		Plan: func(ctx context.Context) (Action, error) {
			waypoints, err := dialer.Waypoints(nodes)
			if err != nil {
				return Action{}, err
			}
			t := &trusting{env: e, dialer: dialer, file: file, vouch: vouch, waypoints: waypoints, seen: make([]*remote.ShownKey, len(waypoints))}
			if err := t.look(ctx); err != nil {
				return Action{}, err
			}
			if !t.unfinished() {
				return Action{Report: t.report()}, nil
			}
			return Action{Report: t.report(), Do: t.record}, nil
		},
	}
}

// trusting is one run of HostsTrust.
type trusting struct {
	env       *Env
	dialer    *remote.Dialer
	file      string
	vouch     func(remote.Waypoint, remote.ShownKey) (bool, error)
	waypoints []remote.Waypoint
	// seen is each waypoint's key, nil where it could not be looked at yet. Now is those that this run has recorded.
	seen []*remote.ShownKey
	now  []int
}

// trustedKey is what -o json says of a host's key.
type trustedKey struct {
	Host        string `json:"host"`
	Type        string `json:"type"`
	Fingerprint string `json:"fingerprint"`
	Trusted     bool   `json:"trusted"`
}

// look looks at all that can be reached by now, until nothing more comes into reach.
func (t *trusting) look(ctx context.Context) error {
	for {
		var reach []int
		for i, w := range t.waypoints {
			if t.seen[i] == nil && t.blocked(w) == "" {
				reach = append(reach, i)
			}
		}
		if len(reach) == 0 {
			return nil
		}
		err := remote.ForEach(ctx, reach, t.env.Spec.SSH.Parallel, func(ctx context.Context, i int) error {
			key, err := t.dialer.KeyAt(ctx, t.waypoints[i])
			if err == nil {
				t.seen[i] = &key
			}
			return err
		})
		if err != nil {
			return err
		}
	}
}

// blocked is the jump host before a waypoint that is not trusted yet; empty where there is none.
func (t *trusting) blocked(w remote.Waypoint) string {
	for i, before := range t.waypoints {
		if before.Jump && slices.Contains(w.Behind, before.Name) && (t.seen[i] == nil || !t.seen[i].Trusted) {
			return before.Name
		}
	}
	return ""
}

func (t *trusting) unfinished() bool {
	return slices.ContainsFunc(t.seen, func(key *remote.ShownKey) bool { return key == nil || !key.Trusted })
}

func (t *trusting) report() Report {
	report := Report{Table: Table{Header: []string{"HOST", "KEY", "FINGERPRINT", "STATE"}}}
	for i, w := range t.waypoints {
		key, state := t.seen[i], "not trusted yet"
		if key == nil {
			key, state = &remote.ShownKey{Type: "-", Fingerprint: "-"}, "seen once "+t.blocked(w)+" is trusted"
			report.Items = append(report.Items, trustedKey{Host: w.Name})
		} else {
			report.Items = append(report.Items, trustedKey{w.Name, key.Type, key.Fingerprint, key.Trusted})
		}
		fresh := slices.Contains(t.now, i)
		if fresh || key.Line != "" && !key.Trusted && len(t.now) == 0 {
			report.Changes = append(report.Changes, Change{w.Name, t.file, "trust", key.Type + " " + key.Fingerprint})
		}
		switch {
		case fresh:
			state = "trusted now"
		case key.Trusted:
			state = "trusted already"
		}
		report.Table.Rows = append(report.Table.Rows, []string{w.Name, key.Type, key.Fingerprint, state})
	}
	return report
}

// record asks about each unknown key in turn. What comes into reach by an answer is looked at, and asked about too.
func (t *trusting) record(ctx context.Context) (Report, error) {
	var refused cluster.Problems
	asked := map[int]bool{}
	for {
		lines := ""
		for i, w := range t.waypoints {
			key := t.seen[i]
			if key == nil || key.Trusted || asked[i] {
				continue
			}
			asked[i] = true
			ok, err := t.vouch(w, *key)
			if err != nil {
				return t.done(), errors.Join(err, t.append(lines))
			}
			if !ok {
				refused = append(refused, t.nobody(w, *key))
				continue
			}
			key.Trusted = true
			t.now = append(t.now, i)
			lines += key.Line + "\n"
		}
		if lines == "" {
			return t.done(), refused.OrNil()
		}
		if err := t.append(lines); err != nil {
			return t.done(), err
		}
		if err := t.look(ctx); err != nil {
			return t.done(), errors.Join(err, refused.OrNil())
		}
	}
}

// done is the report of what was recorded, without what was only looked at.
func (t *trusting) done() Report {
	report := t.report()
	if len(t.now) == 0 {
		report.Changes = nil
	}
	return report
}

func (t *trusting) nobody(w remote.Waypoint, key remote.ShownKey) cluster.Problem {
	return cluster.Problem{
		Host: w.Name, Subject: t.file, Message: fmt.Sprintf("nobody vouched for %s %s", key.Type, key.Fingerprint),
		Hint: fmt.Sprintf("compare it on the host's console, then answer yes, or give --fingerprint %s=SHA256:…", w.Name),
	}
}

// append adds lines to known_hosts.
func (t *trusting) append(lines string) error {
	if lines == "" {
		return nil
	}
	data, err := os.ReadFile(t.env.Work.Path(t.file))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		data = append(data, '\n')
	}
	return t.env.Work.Commit([]artifact.Local{{Path: t.file, Mode: 0o644, Data: append(data, lines...)}})
}
