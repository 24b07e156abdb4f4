package plan

import (
	"path"
	"slices"

	"hardway/cluster"
	"hardway/kubeconfig"
	"hardway/pki"
)

// kubeconfigByHand is the commands for the kubeconfigs of the users; without users, of all.
func kubeconfigByHand(users []string) func(*cluster.Spec) []Command {
	return func(spec *cluster.Spec) []Command {
		commands := []Command{private()}
		for _, e := range kubeconfig.People(spec) {
			if len(users) == 0 || slices.Contains(users, e.User.Name) {
				commands = append(commands, kubeconfigCommand(spec, e))
			}
		}
		return commands
	}
}

func kubeconfigCommand(spec *cluster.Spec, e kubeconfig.Entry) Command {
	user := e.User.Name
	if e.Node != "" {
		user += "-" + e.Node
	}
	return Command{
		Says: path.Join(e.Node, e.User.Name) + ": " + e.User.Summary + "; all in one file, to be moved as one",
		Line: lines("mkdir -p "+quote(path.Dir(e.File)), whole(e.File, func(draft string) string {
			return writeKubeconfig(spec, e, user, draft)
		})),
	}
}

// writeKubeconfig begins with an empty file: what an earlier run left of a draft must not be added to.
func writeKubeconfig(spec *cluster.Spec, e kubeconfig.Entry, user, draft string) string {
	set := func(words ...string) string {
		return "  kubectl config --kubeconfig=" + quote(draft) + " " + quoteAll(words)
	}
	context := user + "@" + spec.Name
	return lines(
		"rm -f "+quote(draft),
		set("set-cluster", spec.Name, "--server="+e.Server, "--certificate-authority="+pki.File(pki.KubernetesBundle), "--embed-certs=true"),
		set("set-credentials", user, "--client-certificate="+pki.CertFile(e.Node, e.User.Name), "--client-key="+pki.KeyFile(e.Node, e.User.Name), "--embed-certs=true"),
		set("set-context", context, "--cluster="+spec.Name, "--user="+user),
		set("use-context", context),
	)
}
