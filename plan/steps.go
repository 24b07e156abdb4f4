package plan

// Steps is every stepwise command that belongs to the main job, in the order in which a person would type them.
func Steps(e *Env) []Step {
	steps := []Step{e.validate(), Preflight(e)}
	steps = append(steps, e.pki()...)
	steps = append(steps, e.kubeconfigs()...)
	steps = append(steps, e.encryptionConfig())
	steps = append(steps, e.renders()...)
	return append(steps, e.diff(), e.distribute(), e.applyEtcd(), e.etcdVerify())
}

// mainJob is the steps that `up` runs, in order.
var mainJob = []string{
	"validate", "pki all", "kubeconfig all", "encryption-config", "render all", "distribute", "apply etcd", "etcd verify",
}

// Up is the steps of the whole main job.
func Up(e *Env) []Step {
	all := Steps(e)
	var out []Step
	for _, name := range mainJob {
		for _, s := range all {
			if s.Name() == name {
				out = append(out, s)
			}
		}
	}
	return out
}
