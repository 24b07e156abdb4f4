package kubespray

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"hardway/cluster"
)

// Leftover is something that the inventory says and a spec has no place for.
type Leftover struct {
	// Subject is the variable, group or file.
	Subject string `json:"subject"`
	// Hosts are those it is said of, none where it is about the cluster.
	Hosts []string `json:"hosts,omitempty"`
	// Message says why it was not carried over, and what to do about it.
	Message string `json:"message"`
}

// String is the leftover on one line.
func (l Leftover) String() string {
	const most = 5
	subject := l.Subject
	switch n := len(l.Hosts); {
	case n > most:
		subject += fmt.Sprintf(" (%s and %d more)", strings.Join(l.Hosts[:most-1], ", "), n-most+1)
	case n > 0:
		subject += " (" + strings.Join(l.Hosts, ", ") + ")"
	}
	return subject + ": " + l.Message
}

// Spec is the cluster that the inventory describes, every default filled in, and what could not be carried over. It may
// be invalid, as the inventory may be for hardway: its Validate says so.
func (inv *Inventory) Spec() (*cluster.Spec, []Leftover) {
	t := &taking{inv: inv, of: map[string]vars{}, at: map[string]string{}, used: map[string]bool{"ansible_group_priority": true}, spec: blank()}
	for _, name := range inv.order {
		said := inv.of(name)
		said["inventory_hostname"], said["inventory_hostname_short"] = name, strings.SplitN(name, ".", 2)[0]
		said["inventory_dir"] = filepath.Dir(inv.file)
		t.of[name] = said
	}
	t.used["inventory_hostname"], t.used["inventory_hostname_short"], t.used["inventory_dir"] = true, true, true
	t.takeHosts()
	t.takeCluster()
	t.takeEndpoint()
	t.spec.Default()
	t.takeSSH()
	t.checkVersions()
	t.leaveRest()
	return t.spec, t.left
}

// blank has what kubespray takes where an inventory does not say it, and hardway's versions.
func blank() *cluster.Spec {
	example := cluster.Example()
	return &cluster.Spec{
		Name: "cluster", Kubernetes: example.Kubernetes, Etcd: example.Etcd,
		Network: cluster.Network{PodCIDR: cluster.OneOrMore{"10.233.64.0/18"}, ServiceCIDR: cluster.OneOrMore{"10.233.0.0/18"}},
	}
}

// taking is one inventory on its way to a spec.
type taking struct {
	inv  *Inventory
	spec *cluster.Spec
	// of is each host's variables, names the hosts that become the spec's.
	of    map[string]vars
	names []string
	// at is each of those hosts' address.
	at map[string]string
	// used are the variables that were looked at.
	used map[string]bool
	left []Leftover
}

// roles by the groups that give them.
var roles = []struct {
	role   cluster.Role
	groups []string
}{
	{cluster.RoleEtcd, []string{"etcd"}},
	{cluster.RoleControlPlane, []string{"kube_control_plane"}},
	{cluster.RoleLoadBalancer, []string{
		"haproxy", "lb", "loadbalancer", "loadbalancers", "load_balancer", "load_balancers", "load-balancer", "load-balancers",
		"kube_loadbalancer", "kube-loadbalancer",
	}},
	{cluster.RoleWorker, []string{"kube_node"}},
}

const bastionGroup = "bastion"

func (t *taking) takeHosts() {
	of := map[string][]cluster.Role{}
	for _, row := range roles {
		for _, group := range row.groups {
			for _, name := range t.inv.members(group) {
				if !slices.Contains(of[name], row.role) {
					of[name] = append(of[name], row.role)
				}
			}
		}
	}
	bastions := t.inv.members(bastionGroup)
	var strangers []string
	for _, name := range t.inv.order {
		switch {
		case len(of[name]) > 0:
			t.names = append(t.names, name)
			t.spec.Hosts = append(t.spec.Hosts, cluster.Node{Name: name, Roles: of[name]})
		case !slices.Contains(bastions, name):
			strangers = append(strangers, name)
		}
	}
	if len(strangers) > 0 {
		t.leave("hosts", strangers, "are in none of the groups kube_control_plane, etcd, kube_node or load balancers")
	}
	for i, name := range t.names {
		t.spec.Hosts[i].Address = t.address(name)
		t.at[name] = t.spec.Hosts[i].PrimaryAddress()
	}
	t.takeMembers()
	t.leaveOfHosts()
}

// takeMembers says where etcd does not stand where hardway has it. kubeadm's way is to have it beside every API server.
func (t *taking) takeMembers() {
	masters, members := t.spec.With(cluster.RoleControlPlane), t.spec.With(cluster.RoleEtcd)
	if kind, _ := t.common("etcd_deployment_type"); kind == "kubeadm" && len(members) == 0 {
		for i, n := range t.spec.Hosts {
			if n.Has(cluster.RoleControlPlane) {
				t.spec.Hosts[i].Roles = append([]cluster.Role{cluster.RoleEtcd}, n.Roles...)
			}
		}
		return
	}
	var apart []string
	for _, n := range members {
		if !n.Has(cluster.RoleControlPlane) {
			apart = append(apart, n.Name)
		}
	}
	if len(apart) > 0 && len(masters) > 0 {
		t.leave("etcd", apart, "stands on hosts of its own, and each API server of hardway dials the member beside it: give the masters both roles")
	}
}

// address is what a host listens on and the others reach it by, as kubespray has it.
func (t *taking) address(host string) cluster.OneOrMore {
	var out cluster.OneOrMore
	for _, name := range []string{"ip", "access_ip", "ansible_host", "ansible_ssh_host"} {
		if text := t.text(host, name); text != "" && len(out) == 0 {
			out = cluster.OneOrMore{text}
		}
	}
	if len(out) == 0 && strings.ContainsAny(host, ":.") && !strings.ContainsFunc(host, notAddress) {
		out = cluster.OneOrMore{host}
	}
	if second := t.text(host, "ip6"); second != "" && t.dualStack() {
		out = append(out, second)
	}
	return out
}

func notAddress(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF.:", r) }

// value is what a host's variable says, by the first of its names that is given. What cannot be read is left over.
func (t *taking) value(host string, names ...string) any {
	var out any
	for _, name := range names {
		t.used[name] = true
		value, given := t.of[host][name]
		if !given || out != nil {
			continue
		}
		switch value := t.of[host].evaluate(value, 0).(type) {
		case secret:
			t.leave(name, []string{host}, "is encrypted by ansible-vault")
		case expression:
			t.leave(name, []string{host}, "is an expression that only Ansible can evaluate")
		default:
			out = value
		}
	}
	return out
}

func (t *taking) text(host string, names ...string) string {
	text, _ := t.value(host, names...).(string)
	return strings.TrimSpace(text)
}

// common is what a variable says to the cluster: what it says to the first master.
func (t *taking) common(names ...string) (any, bool) {
	first := t.first()
	value := t.value(first, names...)
	for _, name := range names {
		raw, given := t.of[first][name]
		var others []string
		for _, host := range t.names {
			if other, has := t.of[host][name]; has != given || fmt.Sprint(raw) != fmt.Sprint(other) {
				others = append(others, host)
			}
		}
		if len(others) > 0 {
			t.leave(name, others, "differs from what "+first+" has, which was taken for the cluster")
		}
	}
	return value, value != nil
}

// first is the first master, or where there is none the first host.
func (t *taking) first() string {
	for _, n := range t.spec.Hosts {
		if n.Has(cluster.RoleControlPlane) {
			return n.Name
		}
	}
	if len(t.names) > 0 {
		return t.names[0]
	}
	return ""
}

// leave notes what is not carried over, once for all hosts of which the same is to be said.
func (t *taking) leave(subject string, hosts []string, message string) {
	for i := range t.left {
		l := &t.left[i]
		if l.Subject != subject || l.Message != message {
			continue
		}
		for _, host := range hosts {
			// Hosts come in their order: one that was said already is the last.
			if n := len(l.Hosts); n == 0 || l.Hosts[n-1] != host {
				l.Hosts = append(l.Hosts, host)
			}
		}
		return
	}
	t.left = append(t.left, Leftover{subject, hosts, message})
}

// checkVersions puts hardway's own versions where the inventory's are not supported.
func (t *taking) checkVersions() {
	rows := []struct {
		path, variable string
		version        *string
		instead        string
	}{
		{"spec.kubernetes.version", "kube_version", &t.spec.Kubernetes.Version, blank().Kubernetes.Version},
		{"spec.etcd.version", "etcd_version", &t.spec.Etcd.Version, blank().Etcd.Version},
	}
	problems := t.spec.Validate()
	for _, row := range rows {
		for _, p := range problems {
			if p.Subject == row.path {
				t.leave(row.variable, nil, fmt.Sprintf("%s; %s was written", p.Message, row.instead))
				*row.version = row.instead
			}
		}
	}
}

// leaveRest names what nothing above asked for.
func (t *taking) leaveRest() {
	locked, rest, addons := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, name := range t.names {
		for variable, value := range t.of[name] {
			_, isSecret := value.(secret)
			is, known := truth(value)
			switch {
			case t.used[variable]:
			case isSecret:
				locked[variable] = true
			case strings.HasSuffix(variable, "_enabled") && known:
				addons[variable] = addons[variable] || is
			default:
				rest[variable] = true
			}
		}
	}
	for _, variable := range slices.Sorted(maps.Keys(addons)) {
		if addons[variable] {
			t.leave(variable, nil, "hardway installs no addons but CoreDNS and metrics-server")
		}
	}
	for _, file := range t.inv.vaulted {
		t.leave(file, nil, "is encrypted by ansible-vault, and was not read")
	}
	t.leaveNames("values that ansible-vault encrypted", locked)
	t.leaveNames("other variables", rest)
}

func (t *taking) leaveNames(what string, names map[string]bool) {
	if len(names) > 0 {
		t.leave(what, nil, strings.Join(slices.Sorted(maps.Keys(names)), ", "))
	}
}
