package haproxy

import (
	"bytes"
	_ "embed"
	"fmt"
	"io/fs"
	"net/netip"
	"strconv"
	"strings"
	"text/template"

	"hardway/artifact"
	"hardway/cluster"
)

// Balancers that share an address have keepalived beside HAProxy: one of them holds the address, and another takes it when
// that one is gone or does not serve.
const (
	// SharedUnit is keepalived's, the distribution's.
	SharedUnit = "keepalived.service"
	sharedDir  = "/etc/keepalived"
	// SharedPath is where the distribution's unit looks for its configuration.
	SharedPath = sharedDir + "/keepalived.conf"
	// servesPath is what keepalived runs, preparePath what its unit runs first.
	servesPath  = sharedDir + "/hardway-serves"
	preparePath = sharedDir + "/hardway-prepare"
	// interfaceFile is what the latter writes: a line of the configuration.
	interfaceFile = "/run/hardway-keepalived.conf"
	sharedUsers   = "/etc/sysusers.d/hardway-keepalived.conf"
)

//go:embed keepalived.conf.tmpl
var sharedText string

//go:embed serves.sh.tmpl
var servesText string

//go:embed prepare.sh.tmpl
var prepareText string

// sharedTemplates is what is rendered for balancers that share an address, by its path, and its mode.
var sharedTemplates = []struct {
	path     string
	mode     fs.FileMode
	template *template.Template
}{
	{SharedPath, 0o600, parsed("keepalived.conf", sharedText)},
	{servesPath, 0o755, parsed("hardway-serves", servesText)},
	{preparePath, 0o755, parsed("hardway-prepare", prepareText)},
}

func parsed(name, text string) *template.Template {
	return template.Must(template.New(name).Option("missingkey=error").Parse(text))
}

// Shares reports whether the node is a balancer that may hold a shared address.
func Shares(spec *cluster.Spec, node cluster.Node) bool {
	return node.Has(cluster.RoleLoadBalancer) && spec.LoadBalancer.VirtualIP != ""
}

// sharedData is what the templates may use.
type sharedData struct {
	Name, Address, VirtualIP      string
	Serves, InterfaceFile, CAFile string
	ServerName, Local             string
	Peers, Others                 []string
	RouterID, Priority, Port      int
	CheckSeconds, CheckTimeout    int
	Fall, Rise                    int
	AdvertSeconds                 string
}

// sharedFiles is everything that keepalived has on a node, but for its unit's drop-in.
func sharedFiles(spec *cluster.Spec, node cluster.Node) ([]artifact.File, error) {
	data, err := sharedOf(spec, node)
	if err != nil {
		return nil, err
	}
	users := "u keepalived_script - \"asks for keepalived whether HAProxy serves\" - /usr/sbin/nologin\n"
	files := []artifact.File{
		{Path: sharedUsers, Mode: 0o644, Component: Component, Content: artifact.Bytes([]byte(users))},
		{Path: sharedDir, Mode: fs.ModeDir | 0o755, Component: Component},
	}
	for _, t := range sharedTemplates {
		var out bytes.Buffer
		if err := t.template.Execute(&out, data); err != nil {
			return nil, fmt.Errorf("failed to render %s of %s: %w", t.path, node.Name, err)
		}
		files = append(files, artifact.File{Path: t.path, Mode: t.mode, Component: Component, Content: artifact.Bytes(out.Bytes())})
	}
	return files, nil
}

func sharedOf(spec *cluster.Spec, node cluster.Node) (sharedData, error) {
	shared, err := netip.ParseAddr(spec.LoadBalancer.VirtualIP)
	if err != nil {
		return sharedData{}, fmt.Errorf("failed to read spec.loadBalancer.virtualIP: %w", err)
	}
	d := sharedData{
		Name: node.Name, VirtualIP: shared.String(), Address: sameFamily(node, shared),
		Serves: servesPath, InterfaceFile: interfaceFile, CAFile: CAPath, ServerName: serverName(spec), Port: spec.Endpoint.Port,
		RouterID: routerID(shared), CheckSeconds: serveSeconds, CheckTimeout: serveTimeout, Fall: serveFall, Rise: serveRise,
		AdvertSeconds: strconv.FormatFloat(advertInterval.Seconds(), 'g', -1, 64),
	}
	d.Local = bracketed(d.Address)
	for i, n := range spec.With(cluster.RoleLoadBalancer) {
		if n.Name == node.Name {
			d.Priority = highestPriority - i
			continue
		}
		d.Peers, d.Others = append(d.Peers, sameFamily(n, shared)), append(d.Others, bracketed(sameFamily(n, shared)))
	}
	return d, nil
}

// routerID tells the address from others that are shared in the same network: 1 to 255, the same on all its balancers.
func routerID(shared netip.Addr) int {
	bytes := shared.AsSlice()
	return 1 + (int(bytes[len(bytes)-1])+254)%255
}

// sameFamily is the node's address that balancers speak to each other by: of the shared one's family.
func sameFamily(node cluster.Node, shared netip.Addr) string {
	for _, addr := range parse(node.Address...) {
		if addr.Is4() == shared.Is4() {
			return addr.String()
		}
	}
	return node.PrimaryAddress()
}

// bracketed is an address as it stands before a port.
func bracketed(address string) string {
	if strings.Contains(address, ":") {
		return "[" + address + "]"
	}
	return address
}

// sharedReads is what keepalived reads, and what it runs reads.
func sharedReads() []artifact.Read {
	return []artifact.Read{
		{Unit: SharedUnit, Path: SharedPath, Use: artifact.Configures, Effect: artifact.Reload},
		{Unit: SharedUnit, Path: preparePath, Use: artifact.Configures, Effect: artifact.Reload},
		{Unit: SharedUnit, Path: servesPath, Use: artifact.Configures, Effect: artifact.Hot},
		{Unit: SharedUnit, Path: CAPath, Use: artifact.VerifiesServers, Peer: "kube-apiserver.service", Effect: artifact.Hot},
	}
}

// sharedSection has a configuration proven before keepalived reads it, which takes what it understands of a broken one.
const sharedSection = `[Unit]
After=` + Unit + `
[Service]
ExecStartPre=` + preparePath + `
ExecReload=
ExecReload=` + preparePath + `
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=1s
`
