package plan

import "slices"

// Steps is every stepwise command that belongs to the main job, in the order in which a person would type them.
func Steps(e *Env) []Step {
	steps := append([]Step{e.validate()}, e.binaries()...)
	steps = append(steps, Preflight(e))
	steps = append(steps, e.pki()...)
	steps = append(steps, e.kubeconfigs()...)
	steps = append(steps, e.encryptionConfig())
	steps = append(steps, e.renders()...)
	steps = append(steps, e.diff(), e.distribute())
	steps = append(steps, e.applies()...)
	steps = append(steps, e.applyManifests())
	return append(steps, e.etcdVerify())
}

// Asides is the stepwise commands beside the main job.
func Asides(e *Env) []Step {
	return append(EtcdLife(e), PKIApprove(e), Rollback(e, nil), Unlock(e, "", false), HostsRemove(e, "", Removing{}), Reset(e, Resetting{}))
}

// mainJob is the steps that `up` runs, in order.
var mainJob = []string{
	"validate", "preflight", "pki all", "kubeconfig all", "encryption-config", "render all", "distribute", "apply all", "apply manifests", "etcd verify",
}

// needsAPI is the steps that are left out with `apply controlplane`: they ask an API server.
var needsAPI = []string{"apply manifests"}

// Up is the steps of the whole main job, but for those to skip: names of its steps, or of an apply that is part of one.
// What cannot be without a skipped one is skipped with it.
func Up(e *Env, skip ...string) []Step {
	if slices.Contains(skip, "apply controlplane") {
		skip = slices.Concat(skip, needsAPI)
	}
	all := Steps(e)
	var out []Step
	for _, name := range mainJob {
		for _, s := range all {
			switch {
			case s.Name() != name || slices.Contains(skip, name):
			case name == applyAll:
				out = append(out, e.applyBut(skip)...)
			default:
				out = append(out, s)
			}
		}
	}
	return out
}

// Skippable is the names that Up can leave out.
func Skippable() []string {
	names := slices.Clone(mainJob)
	for _, c := range components {
		names = append(names, "apply "+c.name)
	}
	return names
}
