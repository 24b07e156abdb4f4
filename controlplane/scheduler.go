package controlplane

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	base "k8s.io/component-base/config/v1alpha1"
	scheduler "k8s.io/kube-scheduler/config/v1"
	"sigs.k8s.io/yaml"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/kubeconfig"
)

const (
	schedulerUser = "scheduler"
	schedulerPort = 10259
)

// schedulerSettings is kube-scheduler's command line. Its configuration file has no place for how it serves and whom it
// believes; profiling stands in both, since the file decides and ps is where an audit looks.
func schedulerSettings(node cluster.Node) []setting {
	out := []setting{file("config", schedulerPath, artifact.Configures, "", artifact.Restart)}
	out = append(out, localServing(node, schedulerPort, "scheduler-serving")...)
	return append(out, delegation(schedulerUser)...)
}

// schedulerConfig is the scheduler's configuration. What the types would print as a zero is given its default from
// kube-scheduler's documentation.
func schedulerConfig() (artifact.File, error) {
	yes, no := true, false
	data, err := yaml.Marshal(scheduler.KubeSchedulerConfiguration{
		TypeMeta: metav1.TypeMeta{APIVersion: scheduler.SchemeGroupVersion.String(), Kind: "KubeSchedulerConfiguration"},
		ClientConnection: base.ClientConnectionConfiguration{
			Kubeconfig:  kubeconfig.HostPath(schedulerUser),
			ContentType: "application/vnd.kubernetes.protobuf",
			QPS:         50,
			Burst:       100,
		},
		DebuggingConfiguration: base.DebuggingConfiguration{EnableProfiling: &no, EnableContentionProfiling: &no},
		LeaderElection: base.LeaderElectionConfiguration{
			LeaderElect:       &yes,
			LeaseDuration:     metav1.Duration{Duration: 15 * time.Second},
			RenewDeadline:     metav1.Duration{Duration: 10 * time.Second},
			RetryPeriod:       metav1.Duration{Duration: 2 * time.Second},
			ResourceLock:      "leases",
			ResourceName:      "kube-scheduler",
			ResourceNamespace: metav1.NamespaceSystem,
		},
	})
	if err != nil {
		return artifact.File{}, fmt.Errorf("failed to encode %s: %w", schedulerPath, err)
	}
	return config(schedulerPath, data), nil
}
