package controlplane

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiserver "k8s.io/apiserver/pkg/apis/apiserver/v1"
	"sigs.k8s.io/yaml"

	"hardway/artifact"
)

// authenticationConfig lets anonymous requests reach the health endpoints and nothing else: balancers ask /readyz
// without a certificate. It takes the place of --anonymous-auth. The version is Kubernetes' own since 1.34.
func authenticationConfig() (artifact.File, error) {
	var health []apiserver.AnonymousAuthCondition
	for _, path := range []string{"/livez", "/readyz", "/healthz"} {
		health = append(health, apiserver.AnonymousAuthCondition{Path: path})
	}
	data, err := yaml.Marshal(apiserver.AuthenticationConfiguration{
		TypeMeta:  metav1.TypeMeta{APIVersion: apiserver.SchemeGroupVersion.String(), Kind: "AuthenticationConfiguration"},
		JWT:       []apiserver.JWTAuthenticator{},
		Anonymous: &apiserver.AnonymousAuthConfig{Enabled: true, Conditions: health},
	})
	if err != nil {
		return artifact.File{}, fmt.Errorf("failed to encode %s: %w", authenticationPath, err)
	}
	return config(authenticationPath, data), nil
}

// config is a public configuration file; 0600 as the CIS benchmark wants everything of a master.
func config(path string, data []byte) artifact.File {
	return artifact.File{Path: path, Mode: 0o600, Component: Component, Content: artifact.Bytes(data)}
}
