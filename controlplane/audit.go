package controlplane

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	audit "k8s.io/apiserver/pkg/apis/audit/v1"
	"sigs.k8s.io/yaml"

	"hardway/artifact"
)

// auditPolicy says what the audit log keeps. The first rule that matches a request decides, so noise comes before
// what must never be logged with its content, and that before the rest.
func auditPolicy() (artifact.File, error) {
	policy := audit.Policy{
		TypeMeta: metav1.TypeMeta{APIVersion: audit.SchemeGroupVersion.String(), Kind: "Policy"},
		// Every request would stand there twice.
		OmitStages:        []audit.Stage{audit.StageRequestReceived},
		OmitManagedFields: true,
		Rules:             auditRules(),
	}
	data, err := yaml.Marshal(policy)
	if err != nil {
		return artifact.File{}, fmt.Errorf("failed to encode %s: %w", auditPolicyPath, err)
	}
	return config(auditPolicyPath, data), nil
}

// auditRules follows the rules of kube-up's cluster/gce/gci/configure-helper.sh, which the Kubernetes documentation
// points to, shortened to what a cluster of ours has.
func auditRules() []audit.PolicyRule {
	core := func(resources ...string) audit.GroupResources { return audit.GroupResources{Resources: resources} }
	leases := []audit.GroupResources{{Group: "coordination.k8s.io", Resources: []string{"leases"}}}
	read, renew := []string{"get", "list", "watch"}, []string{"get", "update", "patch"}
	return []audit.PolicyRule{
		{Level: audit.LevelNone, NonResourceURLs: []string{"/livez*", "/readyz*", "/healthz*", "/version", "/openapi/*"}},
		// What the control plane and kube-proxy look at all the time.
		{Level: audit.LevelNone, Verbs: read, Users: []string{"system:apiserver"}},
		{Level: audit.LevelNone, Verbs: read, Users: []string{"system:kube-proxy"}, Resources: []audit.GroupResources{
			core("services", "nodes"), {Group: "discovery.k8s.io", Resources: []string{"endpointslices"}},
		}},
		{Level: audit.LevelNone, Resources: []audit.GroupResources{core("events"), {Group: "events.k8s.io"}}},
		// Leases are renewed every few seconds by each node and each leader.
		{Level: audit.LevelNone, Verbs: renew, Users: leaseHolders(), Resources: leases},
		{Level: audit.LevelNone, Verbs: renew, UserGroups: []string{"system:nodes"}, Resources: leases},
		// Their content is secret, or is a token.
		{Level: audit.LevelMetadata, Resources: []audit.GroupResources{
			core("secrets", "configmaps", "serviceaccounts/token"), {Group: "authentication.k8s.io", Resources: []string{"tokenreviews"}},
		}},
		// Kubelets report the same large objects again and again.
		{Level: audit.LevelMetadata, UserGroups: []string{"system:nodes"}, Resources: []audit.GroupResources{core("nodes/status", "pods/status")}},
		// What is run inside pods, and who changed what.
		{Level: audit.LevelRequest, Resources: []audit.GroupResources{core("pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy", "nodes/proxy")}},
		{Level: audit.LevelRequest, Verbs: []string{"create", "update", "patch", "delete", "deletecollection"}},
		{Level: audit.LevelMetadata},
	}
}

func leaseHolders() []string {
	return []string{"system:kube-controller-manager", "system:kube-scheduler", "system:apiserver"}
}
