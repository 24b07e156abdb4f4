package controlplane

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	apiserver "k8s.io/apiserver/pkg/apis/apiserver/v1"
	"sigs.k8s.io/yaml"
)

// parseEncryption reads a configuration strictly and checks all that the API server would, so that a damaged one is
// found before it is delivered. No error carries a key.
func parseEncryption(data []byte) (*apiserver.EncryptionConfiguration, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("it is empty")
	}
	var config apiserver.EncryptionConfiguration
	if err := yaml.UnmarshalStrict(data, &config); err != nil {
		return nil, err
	}
	if want := apiserver.SchemeGroupVersion.String(); config.APIVersion != want || config.Kind != encryptionKind {
		return nil, fmt.Errorf("want apiVersion %s and kind %s, got %q and %q", want, encryptionKind, config.APIVersion, config.Kind)
	}
	return &config, checkEntries(config.Resources)
}

func checkEntries(entries []apiserver.ResourceConfiguration) error {
	if len(entries) == 0 {
		return errors.New("resources: is empty")
	}
	for i, entry := range entries {
		at := fmt.Sprintf("resources[%d]", i)
		if len(entry.Resources) == 0 {
			return fmt.Errorf("%s.resources: is empty", at)
		}
		if len(entry.Providers) == 0 {
			return fmt.Errorf("%s.providers: is empty", at)
		}
		for j, p := range entry.Providers {
			if err := checkProvider(fmt.Sprintf("%s.providers[%d]", at, j), p); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkProvider(at string, p apiserver.ProviderConfiguration) error {
	switch found := providersOf(p); {
	case len(found) != 1:
		return fmt.Errorf("%s: want exactly one provider, found %d", at, len(found))
	case found[0].sizes == nil:
		return nil
	default:
		return checkKeys(at+"."+found[0].name+".keys", found[0])
	}
}

func checkKeys(at string, p provider) error {
	if len(p.keys) == 0 {
		return fmt.Errorf("%s: is empty", at)
	}
	names := map[string]bool{}
	for i, key := range p.keys {
		if key.Name == "" || names[key.Name] {
			return fmt.Errorf("%s[%d]: want a name of its own, got %q", at, i, key.Name)
		}
		names[key.Name] = true
		secret, err := base64.StdEncoding.DecodeString(key.Secret)
		if err != nil {
			return fmt.Errorf("%s[%d].secret of %s: is no base64", at, i, key.Name)
		}
		if !slices.Contains(p.sizes, len(secret)) {
			return fmt.Errorf("%s[%d].secret of %s: is %d bytes long, want %d", at, i, key.Name, len(secret), p.sizes[len(p.sizes)-1])
		}
	}
	return nil
}

// provider is one way to encrypt, with what is common to all: its keys, and how many bytes those may have. Ways without
// keys in the file have no sizes.
type provider struct {
	name  string
	keys  []apiserver.Key
	sizes []int
}

// providersOf is the providers that are set in one entry of the list, which should be one.
func providersOf(p apiserver.ProviderConfiguration) []provider {
	var out []provider
	if p.Secretbox != nil {
		out = append(out, provider{"secretbox", p.Secretbox.Keys, []int{keySize}})
	}
	if p.AESCBC != nil {
		out = append(out, provider{"aescbc", p.AESCBC.Keys, []int{16, 24, keySize}})
	}
	if p.AESGCM != nil {
		out = append(out, provider{"aesgcm", p.AESGCM.Keys, []int{16, 24, keySize}})
	}
	if p.KMS != nil {
		out = append(out, provider{name: "kms"})
	}
	if p.Identity != nil {
		out = append(out, provider{name: "identity"})
	}
	return out
}
