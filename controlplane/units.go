package controlplane

import (
	"strings"

	"hardway/artifact"
	"hardway/cluster"
)

// services is the three units of a master.
func services(spec *cluster.Spec, node cluster.Node) []artifact.Service {
	const network = "network-online.target"
	lostLeader, itsDigest := wantsLostLeader(spec)
	return []artifact.Service{
		service(spec, artifact.Service{
			Name: APIServerUnit, Description: "Kubernetes API server",
			After: []string{network, etcdUnit}, Wants: append([]string{network, etcdUnit}, lostLeader...),
			Flags: flags(apiserverSettings(spec, node)), UnitOptions: itsDigest,
			// It says itself when it serves.
			Options: []artifact.Option{{Name: "Type", Value: "notify"}, stopOption()},
		}),
		service(spec, artifact.Service{
			Name: ControllerManagerUnit, Description: "Kubernetes controller manager",
			After: []string{network, APIServerUnit}, Wants: []string{network},
			Flags: flags(controllerManagerSettings(spec, node)),
		}),
		service(spec, artifact.Service{
			Name: SchedulerUnit, Description: "Kubernetes scheduler",
			After: []string{network, APIServerUnit}, Wants: []string{network},
			Flags: flags(schedulerSettings(node)),
		}),
	}
}

// service fills in what the three have in common.
func service(spec *cluster.Spec, s artifact.Service) artifact.Service {
	program := strings.TrimSuffix(s.Name, ".service")
	s.Documentation = "https://kubernetes.io/docs/reference/command-line-tools-reference/" + program + "/"
	s.Binary = programOf(s.Name)
	s.Version = spec.Kubernetes.Version
	s.Options = append(s.Options,
		artifact.Option{Name: "Restart", Value: "always"},
		// Not so soon that systemd gives up: it does after five starts within ten seconds.
		artifact.Option{Name: "RestartSec", Value: "3"},
		artifact.Option{Name: "LimitNOFILE", Value: "1048576"},
	)
	return s
}

func units(spec *cluster.Spec, node cluster.Node, files []artifact.File) ([]artifact.File, error) {
	var out []artifact.File
	for _, s := range services(spec, node) {
		f, err := s.File(Component, files, Reads(spec, node))
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}
