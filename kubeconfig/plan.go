package kubeconfig

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	clientcmd "k8s.io/client-go/tools/clientcmd/api/v1"

	"hardway/artifact"
	"hardway/cluster"
)

// Plan decides about the kubeconfigs of the named users in the work directory; without names, of all. An identical
// file is kept. It errs when the certificates that go into a kubeconfig are missing.
func Plan(w *artifact.WorkDir, spec *cluster.Spec, names ...string) (artifact.Plan, error) {
	for _, name := range names {
		if _, err := user(name); err != nil {
			return artifact.Plan{}, err
		}
	}
	var plan artifact.Plan
	for _, e := range People(spec) {
		if len(names) > 0 && !slices.Contains(names, e.User.Name) {
			continue
		}
		if err := e.plan(&plan, w, spec); err != nil {
			return artifact.Plan{}, err
		}
	}
	return plan, nil
}

func (e Entry) plan(plan *artifact.Plan, w *artifact.WorkDir, spec *cluster.Spec) error {
	want, err := e.render(w, spec)
	if err != nil {
		return err
	}
	have, err := os.ReadFile(w.Path(e.File))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		plan.Write(artifact.Local{Path: e.File, Mode: 0o600, Data: want}, "is missing")
	case err != nil:
		return fmt.Errorf("failed to read kubeconfig: %w", err)
	case bytes.Equal(have, want):
		plan.Keep(e.File, "is up to date")
	default:
		plan.Write(artifact.Local{Path: e.File, Mode: 0o600, Data: want}, "differs")
	}
	return nil
}

func (e Entry) render(w *artifact.WorkDir, spec *cluster.Spec) ([]byte, error) {
	var pem [3][]byte
	for i, file := range []string{"ca-bundle.crt", e.leaf() + ".crt", e.leaf() + ".key"} {
		data, err := os.ReadFile(w.Path("pki", file))
		if err != nil {
			return nil, fmt.Errorf("failed to read what goes into %s, make it with `hardway pki all`: %w", e.File, err)
		}
		pem[i] = data
	}
	return config(spec.Name, e.name(),
		clientcmd.Cluster{Server: e.Server, CertificateAuthorityData: pem[0]},
		clientcmd.AuthInfo{ClientCertificateData: pem[1], ClientKeyData: pem[2]})
}
