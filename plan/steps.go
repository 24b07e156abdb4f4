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
	return append(steps, e.etcdVerify(), e.verify(verifyPatience))
}

// Asides is the stepwise commands beside the main job.
func Asides(e *Env) []Step {
	return append(EtcdLife(e), PKIApprove(e), Monitoring(e), Rollback(e, nil), Unlock(e, "", false), HostsRemove(e, "", Removing{}), Reset(e, Resetting{}))
}

// mainJob is the steps that `up` runs, in order.
var mainJob = []string{
	"validate", "preflight", "pki all", "kubeconfig all", "encryption-config", "render all", "distribute", "apply all", "apply manifests", lastStep,
}

// lastStep is the proof at the end; withoutAPI is what is proven where no API server was started.
const (
	lastStep   = "verify"
	withoutAPI = "etcd verify"
)

// needsAPI is the steps that are left out with `apply controlplane`: they ask an API server.
var needsAPI = []string{"apply manifests"}

// Up is the steps of the whole main job, but for those to skip: names of its steps, or of an apply that is part of one.
// What cannot be without a skipped one is skipped with it.
func Up(e *Env, skip ...string) []Step {
	without := slices.Contains(skip, "apply controlplane")
	if without {
		skip = slices.Concat(skip, needsAPI)
	}
	all := Steps(e)
	var out []Step
	for _, name := range mainJob {
		if name == lastStep && without && !slices.Contains(skip, lastStep) {
			name = withoutAPI
		}
		for _, s := range all {
			switch {
			case s.Name() != name || slices.Contains(skip, name):
			case name == applyAll:
				out = append(out, e.applyBut(skip)...)
			case name == lastStep:
				out = append(out, e.verifyWithout(skip))
			default:
				out = append(out, s)
			}
		}
	}
	return out
}

// Skippable is the names that Up can leave out.
func Skippable() []string {
	names := append(slices.Clone(mainJob), withoutAPI)
	for _, c := range components {
		names = append(names, "apply "+c.name)
	}
	return names
}
