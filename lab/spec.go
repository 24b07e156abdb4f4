package lab

import (
	"bytes"
	_ "embed"
	"fmt"
	"text/template"
)

//go:embed cluster.yaml.tmpl
var specTemplate string

// Spec is a cluster.yaml for hosts of a lab, which says no more than it has to.
type Spec struct {
	// Name is the cluster's, and Endpoint the host part of what people dial to reach its API.
	Name, Endpoint string
	Hosts          []Host
	// Port is where hosts are reached, and IdentityFile the private key that they let in.
	Port         int
	IdentityFile string
	// More is further lines of the spec, such as `rollout: {gateTimeout: 30s}`, and SSH further ones of what it says of SSH.
	More, SSH []string
}

// YAML is the spec as a person would write it.
func (s Spec) YAML() ([]byte, error) {
	t, err := template.New("cluster.yaml").Option("missingkey=error").Parse(specTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, s); err != nil {
		return nil, fmt.Errorf("failed to render cluster.yaml: %w", err)
	}
	return b.Bytes(), nil
}
