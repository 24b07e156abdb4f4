package crash

import (
	"testing"
)

// deliveries is the states from which distribute is crashed.
var deliveries = []struct {
	name    string
	prepare func(*running) error
}{
	{"to empty hosts", func(r *running) error { return r.do(render...) }},
	{"with keys of another kind", func(r *running) error {
		if err := r.do(append(render, "distribute")...); err != nil {
			return err
		}
		if err := r.edit("pki: {}", "pki: {key: {algorithm: ecdsa, size: 384}, signOnMasters: false}"); err != nil {
			return err
		}
		return r.do(render...)
	}},
}

var render = []string{"pki all", "kubeconfig all", "encryption-config", "render all"}

func TestCrashedDistribute(t *testing.T) {
	for _, d := range deliveries {
		t.Run(d.name, func(t *testing.T) {
			at := &copies{stages: set(t, computing(), d.prepare)}
			scene{command: "distribute", state: d.name, place: at, sample: 23}.run(t)
		})
	}
}
