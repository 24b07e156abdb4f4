package controlplane

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiserver "k8s.io/apiserver/pkg/apis/apiserver/v1"
	"sigs.k8s.io/yaml"

	"hardway/artifact"
	"hardway/cluster"
)

// EncryptionFile is where the configuration of encryption at rest stands in the work directory.
const EncryptionFile = "encryption-config.yaml"

const (
	firstKey = "key1"
	// keySize is in bytes, what secretbox and AES-256 take.
	keySize = 32
	// kmsSocket is where a KMS v2 plugin listens unless the file is changed by hand.
	kmsSocket = "unix:///var/run/kmsplugin/socket.sock"
)

// Encryption is the configuration of encryption at rest as it stands, or is about to stand, in the work directory.
type Encryption struct{ data []byte }

func (e Encryption) file() artifact.File {
	return artifact.File{
		Path: encryptionPath, Mode: 0o600, Component: component,
		Secret: true, Source: EncryptionFile, Content: artifact.Bytes(e.data),
	}
}

// LoadEncryption reads the configuration that PlanEncryption made. It errs when there is none or it is damaged.
func LoadEncryption(w *artifact.WorkDir) (Encryption, error) {
	data, err := os.ReadFile(w.Path(EncryptionFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Encryption{}, fmt.Errorf("failed to read the encryption configuration, make it with `hardway encryption-config`: %w", err)
	}
	if err != nil {
		return Encryption{}, fmt.Errorf("failed to read the encryption configuration: %w", err)
	}
	if _, err := parseEncryption(data); err != nil {
		return Encryption{}, damaged(w, err)
	}
	return Encryption{data}, nil
}

// PlanEncryption makes the configuration with a key from random where there is none. A key that exists stays: what the
// spec says in addition is added, and what only a rotation could change is an error.
func PlanEncryption(w *artifact.WorkDir, spec *cluster.Spec, random io.Reader) (artifact.Plan, error) {
	var plan artifact.Plan
	data, err := os.ReadFile(w.Path(EncryptionFile))
	if errors.Is(err, fs.ErrNotExist) {
		return plan, planNew(&plan, spec, random)
	}
	if err != nil {
		return plan, fmt.Errorf("failed to read the encryption configuration: %w", err)
	}
	have, err := parseEncryption(data)
	if err != nil {
		return plan, damaged(w, err)
	}
	return plan, planExisting(&plan, w, spec, have)
}

func planNew(plan *artifact.Plan, spec *cluster.Spec, random io.Reader) error {
	provider, err := newProvider(spec.Encryption.Provider, random)
	if err != nil {
		return err
	}
	return write(plan, apiserver.EncryptionConfiguration{
		TypeMeta: metav1.TypeMeta{APIVersion: apiserver.SchemeGroupVersion.String(), Kind: "EncryptionConfiguration"},
		Resources: []apiserver.ResourceConfiguration{{
			Resources: spec.Encryption.Resources,
			// identity last: what was stored before encryption stays readable.
			Providers: []apiserver.ProviderConfiguration{provider, {Identity: &apiserver.IdentityConfiguration{}}},
		}},
	}, "is missing")
}

func newProvider(name string, random io.Reader) (apiserver.ProviderConfiguration, error) {
	var provider apiserver.ProviderConfiguration
	if name == "kms" {
		provider.KMS = &apiserver.KMSConfiguration{APIVersion: "v2", Name: "kms", Endpoint: kmsSocket}
		return provider, nil
	}
	secret := make([]byte, keySize)
	if _, err := io.ReadFull(random, secret); err != nil {
		return provider, fmt.Errorf("failed to make an encryption key: %w", err)
	}
	keys := []apiserver.Key{{Name: firstKey, Secret: base64.StdEncoding.EncodeToString(secret)}}
	switch name {
	case "secretbox":
		provider.Secretbox = &apiserver.SecretboxConfiguration{Keys: keys}
	case "aescbc":
		provider.AESCBC = &apiserver.AESConfiguration{Keys: keys}
	case "aesgcm":
		provider.AESGCM = &apiserver.AESConfiguration{Keys: keys}
	default:
		return provider, fmt.Errorf("spec.encryption.provider %q is not known, want secretbox, aescbc, kms or aesgcm", name)
	}
	return provider, nil
}

func write(plan *artifact.Plan, config apiserver.EncryptionConfiguration, reason string) error {
	data, err := yaml.Marshal(config)
	if err != nil {
		return errors.New("failed to encode the encryption configuration")
	}
	plan.Write(artifact.Local{Path: EncryptionFile, Mode: 0o600, Data: data}, reason)
	return nil
}

func planExisting(plan *artifact.Plan, w *artifact.WorkDir, spec *cluster.Spec, have *apiserver.EncryptionConfiguration) error {
	for _, r := range have.Resources {
		if first := providerName(r.Providers[0]); first != spec.Encryption.Provider {
			return cluster.Problems{{Subject: w.Path(EncryptionFile),
				Message: fmt.Sprintf("encrypts %s with %s, and the spec says %s", strings.Join(r.Resources, ", "), first, spec.Encryption.Provider),
				Hint:    "set spec.encryption.provider back; a change of provider is a rotation: hardway rotate encryption-key"}}
		}
	}
	missing := slices.DeleteFunc(slices.Clone(spec.Encryption.Resources), func(r string) bool { return listed(have, r) })
	if len(missing) == 0 {
		plan.Keep(EncryptionFile, "is made once"+surplus(spec, have))
		return nil
	}
	have.Resources[0].Resources = append(have.Resources[0].Resources, missing...)
	return write(plan, *have, "now lists "+strings.Join(missing, ", ")+surplus(spec, have)+"; its keys stay")
}

func listed(config *apiserver.EncryptionConfiguration, resource string) bool {
	return slices.ContainsFunc(config.Resources, func(r apiserver.ResourceConfiguration) bool {
		return slices.Contains(r.Resources, resource)
	})
}

// surplus names what is encrypted though the spec no longer says so. It stays: without its entry nobody could read what
// is stored.
func surplus(spec *cluster.Spec, have *apiserver.EncryptionConfiguration) string {
	var extra []string
	for _, r := range have.Resources {
		for _, name := range r.Resources {
			if !slices.Contains(spec.Encryption.Resources, name) {
				extra = append(extra, name)
			}
		}
	}
	if len(extra) == 0 {
		return ""
	}
	return "; " + strings.Join(extra, ", ") + " stays listed, so that what is stored can be read"
}

// damaged never carries a key: what it wraps names fields and sizes.
func damaged(w *artifact.WorkDir, err error) error {
	return fmt.Errorf("failed to read the encryption configuration %s, put it back from a backup (without its key nobody reads what is stored): %w",
		w.Path(EncryptionFile), err)
}

func parseEncryption(data []byte) (*apiserver.EncryptionConfiguration, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("is empty")
	}
	var config apiserver.EncryptionConfiguration
	if err := yaml.UnmarshalStrict(data, &config); err != nil {
		return nil, err
	}
	return &config, checkEncryption(&config)
}

func checkEncryption(config *apiserver.EncryptionConfiguration) error {
	if len(config.Resources) == 0 {
		return errors.New("resources: is empty")
	}
	for i, r := range config.Resources {
		if len(r.Providers) == 0 {
			return fmt.Errorf("resources[%d].providers: is empty", i)
		}
	}
	return nil
}

// providerName is the one provider that is set; empty for none.
func providerName(p apiserver.ProviderConfiguration) string {
	switch {
	case p.Secretbox != nil:
		return "secretbox"
	case p.AESCBC != nil:
		return "aescbc"
	case p.AESGCM != nil:
		return "aesgcm"
	case p.KMS != nil:
		return "kms"
	case p.Identity != nil:
		return "identity"
	}
	return ""
}
