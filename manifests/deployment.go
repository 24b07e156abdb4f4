package manifests

import (
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// systemDeployment is an addon: one container, which is among the last to be evicted, may run on masters, and has its
// replicas on different nodes where there are several.
func systemDeployment(name string, app map[string]string, replicas int32, container core.Container) *apps.Deployment {
	return &apps.Deployment{ObjectMeta: system(name, app), Spec: apps.DeploymentSpec{
		Replicas: &replicas,
		Strategy: apps.DeploymentStrategy{Type: apps.RollingUpdateDeploymentStrategyType, RollingUpdate: &apps.RollingUpdateDeployment{MaxUnavailable: new(intstr.FromInt32(1))}},
		Selector: &meta.LabelSelector{MatchLabels: app},
		Template: core.PodTemplateSpec{ObjectMeta: meta.ObjectMeta{Labels: app}, Spec: core.PodSpec{
			ServiceAccountName: name,
			PriorityClassName:  "system-cluster-critical",
			NodeSelector:       map[string]string{core.LabelOSStable: "linux"},
			Tolerations: []core.Toleration{
				{Key: "CriticalAddonsOnly", Operator: core.TolerationOpExists},
				{Key: roleLabel + "control-plane", Effect: core.TaintEffectNoSchedule, Operator: core.TolerationOpExists},
			},
			Affinity: &core.Affinity{PodAntiAffinity: &core.PodAntiAffinity{
				PreferredDuringSchedulingIgnoredDuringExecution: []core.WeightedPodAffinityTerm{{Weight: 100, PodAffinityTerm: core.PodAffinityTerm{
					TopologyKey: core.LabelHostname, LabelSelector: &meta.LabelSelector{MatchLabels: app},
				}}},
			}},
			SecurityContext: &core.PodSecurityContext{SeccompProfile: &core.SeccompProfile{Type: core.SeccompProfileTypeRuntimeDefault}},
			Containers:      []core.Container{container},
		}},
	}}
}

// confined is what a container may do at most: nothing beyond what is given.
func confined(c core.SecurityContext) *core.SecurityContext {
	c.AllowPrivilegeEscalation, c.ReadOnlyRootFilesystem = new(false), new(true)
	if c.Capabilities == nil {
		c.Capabilities = &core.Capabilities{Drop: []core.Capability{"ALL"}}
	}
	return &c
}

// probe asks a path, the first time after so many seconds, and gives up after so many failures.
func probe(path, port string, scheme core.URIScheme, after, failures int32) *core.Probe {
	return &core.Probe{
		ProbeHandler:        core.ProbeHandler{HTTPGet: &core.HTTPGetAction{Path: path, Port: intstr.FromString(port), Scheme: scheme}},
		InitialDelaySeconds: after, FailureThreshold: failures, PeriodSeconds: 10, TimeoutSeconds: 5,
	}
}
