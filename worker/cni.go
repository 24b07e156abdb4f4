package worker

import (
	"encoding/json"
	"fmt"

	"hardway/artifact"
	"hardway/cluster"
)

// The CNI configuration as https://www.cni.dev/plugins/current/main/bridge/, ipam/host-local and meta/portmap have it.
type (
	conflist struct {
		CNIVersion string   `json:"cniVersion"`
		Name       string   `json:"name"`
		Plugins    []plugin `json:"plugins"`
	}
	plugin struct {
		Type         string          `json:"type"`
		Bridge       string          `json:"bridge,omitempty"`
		IsGateway    bool            `json:"isGateway,omitempty"`
		HairpinMode  bool            `json:"hairpinMode,omitempty"`
		IPAM         *ipam           `json:"ipam,omitempty"`
		Capabilities map[string]bool `json:"capabilities,omitempty"`
	}
	ipam struct {
		Type   string    `json:"type"`
		Ranges [][]block `json:"ranges"`
		Routes []route   `json:"routes"`
	}
	block struct {
		Subnet string `json:"subnet"`
	}
	route struct {
		Dst string `json:"dst"`
	}
)

// bridgeConfig is the network of the node's pods: a bridge that is their gateway, with addresses out of the node's share.
// There is no ipMasq: packets to other nodes' pods go as they are, and masquerading is one rule of its own. containerd
// brings the loopback interface up by itself.
func bridgeConfig(spec *cluster.Spec, node cluster.Node) (artifact.File, error) {
	addresses := ipam{Type: "host-local"}
	for _, cidr := range spec.PodCIDRs(node) {
		everywhere := "0.0.0.0/0"
		if isIPv6(cidr) {
			everywhere = "::/0"
		}
		addresses.Ranges = append(addresses.Ranges, []block{{cidr}})
		addresses.Routes = append(addresses.Routes, route{everywhere})
	}
	data, err := json.MarshalIndent(conflist{
		CNIVersion: "1.0.0",
		Name:       "hardway-bridge",
		Plugins: []plugin{
			// A pod may reach itself through its own Service.
			{Type: "bridge", Bridge: BridgeDevice, IsGateway: true, HairpinMode: true, IPAM: &addresses},
			{Type: "portmap", Capabilities: map[string]bool{"portMappings": true}},
		},
	}, "", "  ")
	if err != nil {
		return artifact.File{}, fmt.Errorf("failed to encode %s: %w", BridgePath, err)
	}
	return plain(BridgePath, append(data, '\n')), nil
}
