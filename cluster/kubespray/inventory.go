package kubespray

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"hardway/cluster"
)

// vars are variables by name. A value is a string (any scalar, as it is written), nil, []any, map[string]any, or secret.
type vars map[string]any

// secret stands for a value that ansible-vault encrypted. It holds nothing of it.
type secret struct{}

// group is a group of hosts and groups.
type group struct {
	name     string
	hosts    map[string]bool
	children []string
	vars     vars
	// file is what group_vars says of it: more weighty than vars, which the inventory says.
	file vars
	// depth is the longest way down from the group all, whose depth is 0.
	depth int
}

// host is one host; file is what host_vars says of it.
type host struct {
	name       string
	vars, file vars
}

// Inventory is what an inventory file and the group_vars and host_vars beside it say.
type Inventory struct {
	file   string
	groups map[string]*group
	hosts  map[string]*host
	// order is the names of the hosts as they first appear.
	order []string
	// groupsOf is every group of a host but all, from the least weighty to the weightiest.
	groupsOf map[string][]*group
	// vaulted are the files beside the inventory that ansible-vault encrypted, unread.
	vaulted []string
}

func newInventory(file string) *Inventory {
	inv := &Inventory{file: file, groups: map[string]*group{}, hosts: map[string]*host{}}
	inv.group("all")
	return inv
}

func (inv *Inventory) group(name string) *group {
	g := inv.groups[name]
	if g == nil {
		g = &group{name: name, hosts: map[string]bool{}, vars: vars{}}
		inv.groups[name] = g
	}
	return g
}

// add puts a host into a group, and what that place says of it over what was said before.
func (inv *Inventory) add(groupName, name string, said vars) {
	h := inv.hosts[name]
	if h == nil {
		h = &host{name: name, vars: vars{}}
		inv.hosts[name] = h
		inv.order = append(inv.order, name)
	}
	maps.Copy(h.vars, said)
	inv.group(groupName).hosts[name] = true
}

func (inv *Inventory) nest(parent, child string) {
	g := inv.group(parent)
	inv.group(child)
	if !slices.Contains(g.children, child) {
		g.children = append(g.children, child)
	}
}

// successors are groups by the names of today, and what older releases of kubespray called them. The cluster's group is
// made of the others where the inventory does not say so itself, as kubespray does it.
var successors = []struct {
	name    string
	members []string
}{
	{"kube_control_plane", []string{"kube-master", "kube_master", "kube-control-plane", "kube-controlplane"}},
	{"kube_node", []string{"kube-node"}},
	{"calico_rr", []string{"calico-rr"}},
	{"k8s_cluster", []string{"k8s-cluster", "kube_control_plane", "kube_node", "calico_rr"}},
}

// complete adds the groups of today, and reckons each group's depth. A group within itself is an error.
func (inv *Inventory) complete() error {
	for _, s := range successors {
		for _, member := range s.members {
			if inv.groups[member] != nil {
				inv.nest(s.name, member)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(inv.groups)) {
		if err := inv.deepen(name, 1, nil); err != nil {
			return err
		}
	}
	inv.weigh()
	return nil
}

// weigh finds each host's groups: the deeper one outweighs, then the higher ansible_group_priority, then the later name.
func (inv *Inventory) weigh() {
	inv.groupsOf = map[string][]*group{}
	for name, g := range inv.groups {
		if name == "all" {
			continue
		}
		for _, host := range inv.members(name) {
			inv.groupsOf[host] = append(inv.groupsOf[host], g)
		}
	}
	for _, groups := range inv.groupsOf {
		slices.SortFunc(groups, func(a, b *group) int {
			return cmp.Or(cmp.Compare(a.depth, b.depth), cmp.Compare(a.priority(), b.priority()), cmp.Compare(a.name, b.name))
		})
	}
}

func (inv *Inventory) deepen(name string, depth int, above []string) error {
	if slices.Contains(above, name) {
		return problem(inv.file, 0, "remove one of the two groups from the other's children",
			"the group %s contains itself: %s", name, strings.Join(append(slices.Clip(above), name), " > "))
	}
	g := inv.groups[name]
	if depth <= g.depth && len(above) > 0 {
		return nil // a longer way led here before
	}
	g.depth = max(g.depth, depth)
	for _, child := range g.children {
		if err := inv.deepen(child, depth+1, append(slices.Clip(above), name)); err != nil {
			return err
		}
	}
	return nil
}

// members are the hosts of a group and of the groups in it, in the order of the inventory.
func (inv *Inventory) members(name string) []string {
	found := map[string]bool{}
	inv.collect(name, found)
	var out []string
	for _, host := range inv.order {
		if found[host] {
			out = append(out, host)
		}
	}
	return out
}

func (inv *Inventory) collect(name string, found map[string]bool) {
	g := inv.groups[name]
	if g == nil {
		return
	}
	maps.Copy(found, g.hosts)
	for _, child := range g.children {
		inv.collect(child, found)
	}
}

// of is every variable of a host. Ansible's order, the weightier later: what the inventory says of all and of the
// groups, what group_vars says of all and of the groups, what the inventory says of the host, what host_vars says.
func (inv *Inventory) of(name string) vars {
	groups := inv.groupsOf[name]
	out := vars{}
	all := inv.groups["all"]
	maps.Copy(out, all.vars)
	for _, g := range groups {
		maps.Copy(out, g.vars)
	}
	maps.Copy(out, all.file)
	for _, g := range groups {
		maps.Copy(out, g.file)
	}
	maps.Copy(out, inv.hosts[name].vars)
	maps.Copy(out, inv.hosts[name].file)
	return out
}

func (g *group) priority() int {
	text, _ := g.vars["ansible_group_priority"].(string)
	number, err := strconv.Atoi(text)
	if err != nil {
		return 1 // Ansible's default
	}
	return number
}

// problem is an error about a line of a file; line 0 is the file as a whole.
func problem(file string, line int, hint, format string, args ...any) cluster.Problems {
	if line > 0 {
		file = fmt.Sprintf("%s:%d", file, line)
	}
	return cluster.Problems{{Subject: file, Message: fmt.Sprintf(format, args...), Hint: hint}}
}
