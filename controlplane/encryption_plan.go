package controlplane

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiserver "k8s.io/apiserver/pkg/apis/apiserver/v1"
	"sigs.k8s.io/yaml"

	"hardway/artifact"
	"hardway/cluster"
)

const (
	// firstKey is the name of the key a cluster begins with; it is stored with every value, so it never changes.
	firstKey = "key1"
	// keySize is in bytes: what secretbox and AES-256 take.
	keySize = 32
)

// PlanEncryption makes the configuration with a key from random where there is none. A key that exists stays: what the
// spec says in addition is added. The error is a cluster.Problems for what only a rotation could change, for a file that
// cannot be used, and for one that has been lost.
func PlanEncryption(w *artifact.WorkDir, spec *cluster.Spec, random io.Reader) (artifact.Plan, error) {
	_, have, err := readEncryption(w)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return artifact.Plan{}, err
	}
	host, delivered := rendered(w, spec)
	switch {
	case have != nil:
		return planExisting(spec, have, delivered)
	case delivered:
		return artifact.Plan{}, lost(host)
	}
	return planNew(spec, random)
}

// rendered finds a master whose tree names the configuration already: the cluster may be running on it.
func rendered(w *artifact.WorkDir, spec *cluster.Spec) (host string, found bool) {
	for _, node := range spec.With(cluster.RoleControlPlane) {
		// A tree that cannot be read is for the render step to report.
		tree, _, _ := artifact.LoadTree(w, node.Name)
		if slices.ContainsFunc(tree.Files, func(f artifact.File) bool { return f.Source == EncryptionFile }) {
			return node.Name, true
		}
	}
	return "", false
}

// lost is what a fresh checkout of a cluster meets: its trees are under version control and name the file, which is not.
func lost(host string) error {
	return cluster.Problems{{Host: host, Subject: EncryptionFile,
		Message: "it is missing, and this host was rendered with one: with another key nobody could read what is stored",
		Hint:    "put it back from a backup, or from " + encryptionPath + " on a master; remove hosts/ if the cluster never ran"}}
}

func planNew(spec *cluster.Spec, random io.Reader) (artifact.Plan, error) {
	first, err := newProvider(spec.Encryption, random)
	if err != nil {
		return artifact.Plan{}, err
	}
	return write("is missing", apiserver.EncryptionConfiguration{
		TypeMeta: metav1.TypeMeta{APIVersion: apiserver.SchemeGroupVersion.String(), Kind: encryptionKind},
		Resources: []apiserver.ResourceConfiguration{{
			Resources: spec.Encryption.Resources,
			// identity last: what was stored before encryption stays readable.
			Providers: []apiserver.ProviderConfiguration{first, {Identity: &apiserver.IdentityConfiguration{}}},
		}},
	})
}

func newProvider(want cluster.Encryption, random io.Reader) (apiserver.ProviderConfiguration, error) {
	var provider apiserver.ProviderConfiguration
	if want.Provider == "kms" {
		provider.KMS = &apiserver.KMSConfiguration{APIVersion: "v2", Name: want.KMS.Name, Endpoint: want.KMS.Endpoint}
		return provider, nil
	}
	secret := make([]byte, keySize)
	if _, err := io.ReadFull(random, secret); err != nil {
		return provider, fmt.Errorf("failed to make an encryption key: %w", err)
	}
	keys := []apiserver.Key{{Name: firstKey, Secret: base64.StdEncoding.EncodeToString(secret)}}
	switch want.Provider {
	case "secretbox":
		provider.Secretbox = &apiserver.SecretboxConfiguration{Keys: keys}
	case "aescbc":
		provider.AESCBC = &apiserver.AESConfiguration{Keys: keys}
	case "aesgcm":
		provider.AESGCM = &apiserver.AESConfiguration{Keys: keys}
	default:
		return provider, fmt.Errorf("spec.encryption.provider %q is not known, want secretbox, aescbc, kms or aesgcm", want.Provider)
	}
	return provider, nil
}

func write(reason string, config apiserver.EncryptionConfiguration) (artifact.Plan, error) {
	var plan artifact.Plan
	data, err := yaml.Marshal(config)
	if err != nil {
		return plan, errors.New("failed to encode the encryption configuration")
	}
	plan.Write(artifact.Local{Path: EncryptionFile, Mode: 0o600, Data: data}, reason)
	return plan, nil
}

// planExisting never touches a key. Once masters may be running on the file, another resource is more than a change of
// it: a master that has read it writes what one that has not cannot read.
func planExisting(spec *cluster.Spec, have *apiserver.EncryptionConfiguration, delivered bool) (artifact.Plan, error) {
	if err := refuseOtherProvider(spec.Encryption, have); err != nil {
		return artifact.Plan{}, err
	}
	var changes []string
	missing := slices.DeleteFunc(slices.Clone(spec.Encryption.Resources), func(r string) bool { return listed(have, r) })
	if len(missing) > 0 {
		if delivered {
			return artifact.Plan{}, rotation("set spec.encryption.resources back",
				"it does not encrypt %s, as the spec says since masters were rendered with it", strings.Join(missing, ", "))
		}
		have.Resources[0].Resources = append(have.Resources[0].Resources, missing...)
		changes = append(changes, "encrypts "+strings.Join(missing, ", ")+" too, with the key it has")
	}
	changes = append(changes, moveKMS(spec.Encryption.KMS, have)...)
	if len(changes) == 0 {
		var plan artifact.Plan
		plan.Keep(EncryptionFile, "a key that exists stays"+surplus(spec, have))
		return plan, nil
	}
	return write(strings.Join(changes, "; ")+surplus(spec, have), *have)
}

func refuseOtherProvider(want cluster.Encryption, have *apiserver.EncryptionConfiguration) error {
	for _, r := range have.Resources {
		first := r.Providers[0]
		if name := providersOf(first)[0].name; name != want.Provider {
			return rotation("set spec.encryption.provider to "+name,
				"it encrypts %s with %s, and the spec says %s", strings.Join(r.Resources, ", "), name, want.Provider)
		}
		if first.KMS != nil && first.KMS.Name != want.KMS.Name {
			return rotation("set spec.encryption.kms.name to "+first.KMS.Name,
				"its KMS plugin is called %s in every stored value, and the spec says %s", first.KMS.Name, want.KMS.Name)
		}
	}
	return nil
}

// rotation is the refusal of what would make stored values unreadable.
func rotation(hint, format string, args ...any) error {
	return cluster.Problems{{Subject: EncryptionFile, Message: fmt.Sprintf(format, args...),
		Hint: hint + "; what is stored would have to be rewritten, and this version has no command for that"}}
}

// moveKMS follows the spec where a plugin of the same name listens on another socket: that is in no stored value.
func moveKMS(want cluster.KMS, have *apiserver.EncryptionConfiguration) (changes []string) {
	for _, r := range have.Resources {
		for _, p := range r.Providers {
			if p.KMS != nil && p.KMS.Name == want.Name && p.KMS.Endpoint != want.Endpoint {
				changes = append(changes, "its KMS plugin listened on "+p.KMS.Endpoint)
				p.KMS.Endpoint = want.Endpoint
			}
		}
	}
	return changes
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
