package manifests

import (
	"fmt"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/pki"
)

// secretKind is what every set's certificates are applied as.
var secretKind = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}

// Certificates is the rows of the catalogue that the set's Secrets hold. The Secrets stand in no file of manifests/: their
// bytes come from pki/ when they are applied.
func (s Set) Certificates(spec *cluster.Spec) []pki.Request {
	return slices.DeleteFunc(pki.Catalogue(spec), func(r pki.Request) bool { return r.Secret == (pki.Secret{}) || !slices.Contains(s.leaves, r.Name) })
}

// Secrets is the set's certificates as they are applied, before its other objects: what mounts one waits for it. An error
// names what is missing in pki/, and the command that makes it.
func (s Set) Secrets(spec *cluster.Spec, store *pki.Store) ([]Object, error) {
	var out []Object
	for _, r := range s.Certificates(spec) {
		pair, err := store.Client(r.ID())
		if err != nil {
			return nil, err
		}
		o, err := newObject(&core.Secret{
			ObjectMeta: meta.ObjectMeta{Name: r.Secret.Name, Namespace: r.Secret.Namespace}, Type: core.SecretTypeTLS,
			Data: map[string][]byte{core.TLSCertKey: pair.Cert, core.TLSPrivateKeyKey: pair.Key},
		}, s.Name)
		if err != nil {
			return nil, fmt.Errorf("failed to make %s: %w", r.Secret, err)
		}
		out = append(out, o)
	}
	return out, nil
}

// Given is what sets are made of besides the spec, all of it public.
type Given struct {
	// Trust is what servers inside the cluster are verified by, in PEM; nil where the spec wants none.
	Trust []byte
	// Marks tells certificates from those before them, by their names in the catalogue: for pods that do not read them again.
	Marks map[string]string
}

// From reads what is given from pki/. An error names what is missing there, and the command that makes it.
func From(spec *cluster.Spec, store *pki.Store) (Given, error) {
	given := Given{Marks: map[string]string{}}
	for _, set := range Sets {
		if !set.Wanted(spec) {
			continue
		}
		for _, r := range set.Certificates(spec) {
			pair, err := store.Client(r.ID())
			if err != nil {
				return Given{}, err
			}
			given.Trust, given.Marks[r.Name] = pair.Bundle, artifact.Digest(pair.Cert)[:MarkLength]
		}
	}
	return given, nil
}

// MarkLength is how much of a certificate file's SHA-256, in hex, is its mark.
const MarkLength = 16

// besides says in a set's file what is applied with it and does not stand there.
func (s Set) besides(spec *cluster.Spec) string {
	var out strings.Builder
	for _, r := range s.Certificates(spec) {
		fmt.Fprintf(&out, "# With it is applied what stands in no file here, %s:\n# tls.crt from %s, tls.key from %s.\n", r.Secret, r.CertFile(), r.KeyFile())
	}
	return out.String()
}
