package cluster

import (
	"net/url"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

func checkEncryption(r *review) {
	const path = "spec.encryption.provider"
	provider := r.spec.Encryption.Provider
	if provider == "aesgcm" {
		if !r.waives(WaiveAESGCM) {
			r.report(path, "write secretbox, or waive this check: --waive "+WaiveAESGCM,
				"aesgcm is unsafe unless its key is rotated before 200,000 writes")
		}
		return
	}
	r.oneOf(path, provider, []string{"secretbox", "aescbc", "kms"})
}

// checkKMS: the API server dials the plugin on a socket of its own host.
func checkKMS(r *review) {
	const path = "spec.encryption.kms"
	kms, isKMS := r.spec.Encryption.KMS, r.spec.Encryption.Provider == "kms"
	if !isKMS {
		if kms != (KMS{}) {
			r.report(path, "write provider: kms, or remove kms", "is given, but the provider is %s", short(r.spec.Encryption.Provider))
		}
		return
	}
	if len(validation.IsDNS1123Label(kms.Name)) > 0 {
		r.report(path+".name", "name the plugin by a DNS label, as in vault", "%q is no name for the plugin: it becomes part of every value in etcd", short(kms.Name))
	}
	endpoint, err := url.Parse(kms.Endpoint)
	if err != nil || endpoint.Scheme != "unix" || endpoint.Host != "" || !strings.HasPrefix(endpoint.Path, "/") {
		r.report(path+".endpoint", "write the plugin's socket on the masters, as in unix:///run/kms/plugin.sock", "%q is no unix socket", short(kms.Endpoint))
	}
}

// checkEncryptedResources: plural names with their group, as the API server's encryption config has them.
func checkEncryptedResources(r *review) {
	const path = "spec.encryption.resources"
	resources := r.spec.Encryption.Resources
	if len(resources) == 0 {
		r.report(path, "write resources: [secrets]", "is empty, so that nothing would be encrypted")
	}
	for i, resource := range resources {
		name := strings.TrimPrefix(strings.TrimSuffix(resource, ".*"), "*.")
		everything := resource == "*.*" || resource == "*."
		if !everything && len(validation.IsDNS1123Subdomain(name)) > 0 {
			r.report(index(path, i), "write a plural name with its group, as in secrets or widgets.example.com, or *.* for all", "%q is no resource", short(resource))
		}
	}
	for _, i := range repeated(resources) {
		r.report(index(path, i), "remove one of the two", "%q stands there twice", short(resources[i]))
	}
}
