package controlplane

import (
	"slices"

	apiserver "k8s.io/apiserver/pkg/apis/apiserver/v1"

	"hardway/artifact"
)

// StoredPrefix is what every value of a resource begins with in etcd when it is written by an API server that runs on the
// configuration in the work directory; empty where that encrypts no such resource. It is written by
// k8s.io/apiserver/pkg/storage/value and pkg/server/options/encryptionconfig.
func StoredPrefix(w *artifact.WorkDir, resource string) (string, error) {
	_, config, err := readEncryption(w)
	if err != nil {
		return "", err
	}
	for _, r := range config.Resources {
		if !slices.Contains(r.Resources, resource) && !slices.Contains(r.Resources, "*.") && !slices.Contains(r.Resources, "*.*") {
			continue
		}
		return storedPrefix(r.Providers[0]), nil
	}
	return "", nil
}

func storedPrefix(first apiserver.ProviderConfiguration) string {
	const encrypted = "k8s:enc:"
	if first.KMS != nil {
		return encrypted + "kms:v2:" + first.KMS.Name + ":"
	}
	of := providersOf(first)[0]
	if len(of.keys) == 0 {
		return ""
	}
	return encrypted + of.name + ":v1:" + of.keys[0].Name + ":"
}
