package worker

import (
	"bytes"
	_ "embed"
	"fmt"
	"io/fs"
	"strings"
	"text/template"

	"hardway/artifact"
	"hardway/cluster"
)

//go:embed pod-routes.sh
var keeperText []byte

//go:embed pod-masquerade.nft.tmpl
var masqueradeText string

var masqueradeTemplate = template.Must(template.New("pod-masquerade.nft").Option("missingkey=error").Parse(masqueradeText))

// routeProtocol marks the routes that are kept: any number that iproute2 has no name for. The script has it too.
const routeProtocol = 104

// networkFiles is what connects the node with the pods of others, and on a node that runs pods what gives them a network.
func networkFiles(spec *cluster.Spec, node cluster.Node) ([]artifact.File, error) {
	if !routed(spec, node) {
		return nil, nil
	}
	files := []artifact.File{
		{Path: ownDir, Mode: fs.ModeDir | 0o755, Component: Component},
		{Path: keeperPath, Mode: 0o755, Component: Component, Content: artifact.Bytes(keeperText)},
		plain(routesPath, podRoutes(spec, node)),
	}
	if !spec.RunsKubelet(&node) {
		return files, nil
	}
	bridge, err := bridgeConfig(spec, node)
	if err != nil {
		return nil, err
	}
	masquerade, err := podMasquerade(spec, node)
	if err != nil {
		return nil, err
	}
	return append(files, artifact.File{Path: cniDir, Mode: fs.ModeDir | 0o755, Component: Component}, bridge, masquerade), nil
}

// podRoutes is a line for `ip -batch` for each other node and family: its share of the pod network, through its own address.
func podRoutes(spec *cluster.Spec, node cluster.Node) []byte {
	var out bytes.Buffer
	for other, cidrs := range spec.PodNetworks() {
		if other.Name == node.Name {
			continue
		}
		for _, cidr := range cidrs {
			if via := sameFamily(other.Address, cidr); via != "" {
				fmt.Fprintf(&out, "route replace %s via %s proto %d\n", cidr, via, routeProtocol)
			}
		}
	}
	return out.Bytes()
}

// sameFamily is the first of the addresses that is of the CIDR's family, empty without one.
func sameFamily(addresses []string, cidr string) string {
	for _, a := range addresses {
		if isIPv6(a) == isIPv6(cidr) {
			return a
		}
	}
	return ""
}

func podMasquerade(spec *cluster.Spec, node cluster.Node) (artifact.File, error) {
	type table struct{ Family, Own, All string }
	var tables []table
	for _, own := range spec.PodCIDRs(node) {
		family := map[bool]string{false: "ip", true: "ip6"}[isIPv6(own)]
		tables = append(tables, table{family, own, sameFamily(spec.Network.PodCIDR, own)})
	}
	var out strings.Builder
	if err := masqueradeTemplate.Execute(&out, tables); err != nil {
		return artifact.File{}, fmt.Errorf("failed to render %s: %w", masqueradePath, err)
	}
	return plain(masqueradePath, []byte(out.String())), nil
}

func routesReads(spec *cluster.Spec, node cluster.Node) []artifact.Read {
	out := []artifact.Read{
		{Path: keeperPath, Use: artifact.Configures, Effect: artifact.Restart},
		{Path: routesPath, Use: artifact.Configures, Effect: artifact.Reload},
	}
	if spec.RunsKubelet(&node) {
		out = append(out, artifact.Read{Path: masqueradePath, Use: artifact.Configures, Effect: artifact.Reload})
	}
	return out
}
