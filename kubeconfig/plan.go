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
	"hardway/pki"
)

// Plan decides about the kubeconfigs of the named users in the work directory; without names, of all. What is right is
// kept, with everything else goes the reason. The error is a cluster.Problems that names every certificate that is
// missing and every file that is not ours to replace.
func Plan(w *artifact.WorkDir, spec *cluster.Spec, names ...string) (artifact.Plan, error) {
	for _, name := range names {
		if _, err := user(name); err != nil {
			return artifact.Plan{}, err
		}
	}
	var plan artifact.Plan
	var problems cluster.Problems
	store := pki.Open(w, spec)
	for _, e := range People(spec) {
		if len(names) > 0 && !slices.Contains(names, e.User.Name) {
			continue
		}
		var found cluster.Problems
		switch err := e.plan(&plan, w, spec, store); {
		case errors.As(err, &found):
			problems = append(problems, found...)
		case err != nil:
			return artifact.Plan{}, err
		}
	}
	if err := problems.OrNil(); err != nil {
		return artifact.Plan{}, err
	}
	return plan, nil
}

func (e Entry) plan(plan *artifact.Plan, w *artifact.WorkDir, spec *cluster.Spec, store *pki.Store) error {
	want, err := e.render(spec, store)
	if err != nil {
		return err
	}
	reason, err := e.judge(w.Path(e.File), want)
	switch {
	case err != nil:
		return err
	case reason == "":
		plan.Keep(e.File, "is up to date")
	default:
		plan.Write(artifact.Local{Path: e.File, Mode: 0o600, Data: want}, reason)
	}
	return nil
}

// render is the self-contained kubeconfig.
func (e Entry) render(spec *cluster.Spec, store *pki.Store) ([]byte, error) {
	client, err := store.Client(e.certificate())
	if err != nil {
		return nil, err
	}
	return config(spec.Name, e.name(),
		clientcmd.Cluster{Server: e.Server, CertificateAuthorityData: client.Bundle},
		clientcmd.AuthInfo{ClientCertificateData: client.Cert, ClientKeyData: client.Key})
}

// judge says why the file that stands there has to be written; empty where it need not. A file with more in it than we
// put there is not ours to replace: a person keeps other clusters in it.
func (e Entry) judge(local string, want []byte) (reason string, err error) {
	info, err := os.Stat(local)
	if errors.Is(err, fs.ErrNotExist) {
		return "is missing", nil
	}
	if err != nil {
		return "", fmt.Errorf("failed to look at kubeconfig: %w", err)
	}
	have, err := os.ReadFile(local)
	if err != nil {
		return "", fmt.Errorf("failed to read kubeconfig: %w", err)
	}
	if bytes.Equal(have, want) {
		if mode := info.Mode().Perm(); mode != 0o600 {
			return fmt.Sprintf("its mode is %04o, want 0600", mode), nil
		}
		return "", nil
	}
	return e.difference(have, want)
}

func (e Entry) difference(have, want []byte) (string, error) {
	stands, err := Read(have)
	switch {
	case err != nil:
		return "", cluster.Problems{{Subject: e.File, Message: err.Error(), Hint: "move it away to have it written anew"}}
	case stands.Others:
		return "", cluster.Problems{{Subject: e.File, Message: "holds further clusters, users or contexts", Hint: "move it to another place; KUBECONFIG takes a list of files"}}
	}
	wanted, err := Read(want)
	if err != nil {
		return "", fmt.Errorf("failed to read what %s should hold: %w", e.File, err)
	}
	// Under another name it is ours only if it trusts the same authorities, as after a new spec.name.
	if stands.User != wanted.User || stands.Cluster != wanted.Cluster && !bytes.Equal(stands.CA, wanted.CA) {
		return "", cluster.Problems{{Subject: e.File, Message: fmt.Sprintf("is the kubeconfig of another user or cluster: its context is %q", stands.Context),
			Hint: "move it to another place; KUBECONFIG takes a list of files"}}
	}
	for _, part := range []struct {
		reason string
		same   bool
	}{
		{"its context was " + stands.Context, stands.Context == wanted.Context},
		{"its server was " + stands.Server, stands.Server == wanted.Server},
		{"the trust bundle has changed", bytes.Equal(stands.CA, wanted.CA)},
		{"the key has changed", bytes.Equal(stands.Key, wanted.Key)},
		{"the certificate was renewed", bytes.Equal(stands.Certificate, wanted.Certificate)},
	} {
		if !part.same {
			return part.reason, nil
		}
	}
	return "it is written in another form", nil
}
