package plan

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"time"

	"hardway/check"
	"hardway/cluster"
	"hardway/remote"
	"hardway/rollout"
	"hardway/worker"
)

// verifyPatience is how long a cluster that nobody has just changed is given to come to rest.
const verifyPatience = 5 * time.Second

// verify proves the whole cluster. What comes up by itself is given some time to do so; nothing is asked of components that
// were left out.
func (e *Env) verify(patience time.Duration, without ...string) Step {
	return Step{
		Path:    []string{"verify"},
		Summary: "prove the whole cluster from the wire: certificates as clients see them, etcd, API, nodes, pods, Services, DNS",
		Why: "Nothing is well because a file was written and a unit is active. This shakes hands with every server from where its clients " +
			"are, and compares what it shows with what was issued; then it has the cluster do what clusters are for. A namespace " +
			"hardway-verify-… stands for those seconds, with a pod on every node, a Service and a Secret, and is taken off again.",
		Check: true, ByHand: verifyByHand,
		Plan: func(ctx context.Context) (Action, error) {
			live, err := e.live(ctx, patience, without)
			if err != nil {
				return Action{}, err
			}
			v := live.Verify()
			if v.Look(ctx); ctx.Err() != nil {
				return Action{}, ctx.Err()
			}
			hosts, _ := e.nodes()
			looked := checkReport(v.Rows(), len(hosts))
			looked.Notes = append(looked.Notes, "looked only: no Secret was written, and no pod was made")
			return Action{Report: looked, Do: func(ctx context.Context) (Report, error) {
				if v.Try(ctx); ctx.Err() != nil {
					return Report{}, ctx.Err()
				}
				return checkReport(v.Rows(), len(hosts)), nil
			}}, nil
		},
	}
}

// verifyWithout is the last step of a main job from which steps were left out.
func (e *Env) verifyWithout(skip []string) Step {
	var without []string
	if slices.Contains(skip, "apply manifests") || slices.Contains(skip, "apply "+worker.Component) {
		without = append(without, check.InCluster)
	}
	for _, c := range components {
		if slices.Contains(skip, "apply "+c.name) {
			without = append(without, c.name)
		}
	}
	return e.verify(e.patience(), without...)
}

// patience is how long what a main job has just started may take: the spec is not read yet when steps are listed.
func (e *Env) patience() time.Duration {
	if e.Spec == nil {
		return 0
	}
	return e.Spec.Rollout.GateTimeout.Duration
}

// live is the cluster with a connection to every host that can be reached.
func (e *Env) live(ctx context.Context, patience time.Duration, without []string) (*check.Live, error) {
	if _, err := e.nodes(); err != nil {
		return nil, err
	}
	access, err := e.etcdAccess()
	if err != nil {
		return nil, err
	}
	if _, err := e.store().ClientTLS(superAdmin); err != nil {
		return nil, err
	}
	by, err := json.Marshal(e.Operator)
	if err != nil {
		return nil, fmt.Errorf("failed to encode who verifies: %w", err)
	}
	return &check.Live{
		Spec: e.Spec, Store: e.store(), Targets: e.targets(ctx, e.Spec.Hosts), Only: e.Only, Waive: e.Waive, Without: without,
		Now: e.Now, Dial: (&net.Dialer{}).DialContext, Etcd: access, Patience: patience, Rand: e.Rand,
		Members: func(ctx context.Context) ([]cluster.Problem, error) {
			_, problems, err := e.judgeEtcd(ctx, e.deliveredUnits(ctx))
			return problems, err
		},
		Tell: func(host, message string) { e.tell("", host, message) },
		By:   string(by),
		Gone: func(by string) bool {
			var other rollout.Operator
			return json.Unmarshal([]byte(by), &other) == nil && e.Operator.Gone(other)
		},
	}, nil
}

// targets connects to hosts side by side.
func (e *Env) targets(ctx context.Context, nodes []cluster.Node) []check.Target {
	targets := make([]check.Target, len(nodes))
	_ = remote.ForEach(ctx, indices(nodes), e.Spec.SSH.Parallel, func(ctx context.Context, i int) error {
		targets[i].Node = nodes[i]
		conn, err := e.connect(ctx, nodes[i])
		if targets[i].Trouble = err; err == nil {
			targets[i].Conn = conn
		}
		return nil
	})
	return targets
}
