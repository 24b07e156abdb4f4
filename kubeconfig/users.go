package kubeconfig

import (
	"net"
	"path"
	"strconv"
	"strings"

	"hardway/cluster"
)

// Dir is where kubeconfigs stand in the work directory: kubeconfig/<user>.kubeconfig, and for what one node alone
// holds kubeconfig/<node>/<user>.kubeconfig, as pki/<node>/ has its certificate.
const Dir = "kubeconfig"

// User is one kind of kubeconfig: a row of the table that subcommands, files and host copies are made from.
type User struct {
	// Name is the subcommand's, the file's and the leaf certificate's name in the catalogue.
	Name string
	// Summary says in half a sentence what it is for.
	Summary string
	// Component renders the copy for hosts; empty where the user is kept off hosts.
	Component string
	// nodes each have a certificate of their own; nil where one serves the whole cluster.
	nodes func(*cluster.Spec) []cluster.Node
	// local users dial the API server of their own node, the others the endpoint.
	local bool
}

// Users is the table, in the order of the command line.
func Users() []User {
	return []User{
		{Name: "super-admin", Summary: "for emergencies: past every authorization, kept off hosts"},
		{Name: "admin", Summary: "for people and scripts that run the cluster"},
		{Name: "controller-manager", Summary: "as each controller-manager, to its own API server", Component: "controlplane", nodes: masters, local: true},
		{Name: "scheduler", Summary: "as each scheduler, to its own API server", Component: "controlplane", nodes: masters, local: true},
		{Name: "kubelet", Summary: "as each kubelet", Component: "worker", nodes: (*cluster.Spec).PremadeKubelets},
		{Name: "kube-proxy", Summary: "as each kube-proxy", Component: "worker", nodes: (*cluster.Spec).Kubelets},
	}
}

func masters(spec *cluster.Spec) []cluster.Node { return spec.With(cluster.RoleControlPlane) }

func user(name string) (User, error) {
	var known []string
	for _, u := range Users() {
		if u.Name == name {
			return u, nil
		}
		known = append(known, u.Name)
	}
	return User{}, cluster.Problems{{Subject: "kubeconfig " + name, Message: "no such kubeconfig", Hint: "one of: " + strings.Join(known, ", ")}}
}

// Entry is one kubeconfig of the work directory.
type Entry struct {
	User User
	// Node is empty where one kubeconfig serves the whole cluster.
	Node string
	// File is relative to the work directory.
	File string
	// Server is the URL it dials.
	Server string
}

// People is every kubeconfig of the work directory, in the order of the table and of the spec's hosts.
func People(spec *cluster.Spec) []Entry {
	var entries []Entry
	for _, u := range Users() {
		if u.nodes == nil {
			entries = append(entries, Entry{User: u, File: path.Join(Dir, u.Name+".kubeconfig"), Server: spec.EndpointURL()})
			continue
		}
		for _, n := range u.nodes(spec) {
			entries = append(entries, Entry{
				User: u, Node: n.Name, File: path.Join(Dir, n.Name, u.Name+".kubeconfig"), Server: u.server(spec, n),
			})
		}
	}
	return entries
}

// name is what the user is called inside the kubeconfig; with the node in it, so that several can be merged.
func (e Entry) name() string {
	if e.Node == "" {
		return e.User.Name
	}
	return e.User.Name + "-" + e.Node
}

// certificate is the ID of its leaf in the catalogue.
func (e Entry) certificate() string { return path.Join(e.Node, e.User.Name) }

func (u User) server(spec *cluster.Spec, n cluster.Node) string {
	if u.local {
		return apiURL(n.PrimaryAddress(), cluster.APIServerPort)
	}
	return spec.EndpointURL()
}

func apiURL(host string, port int) string {
	return "https://" + net.JoinHostPort(host, strconv.Itoa(port))
}
