package kubespray

import (
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"hardway/cluster"
)

// takeSSH says how hosts are reached: what all have in common once, under spec.ssh, the rest under the hosts.
func (t *taking) takeSSH() {
	all := make([]cluster.SSH, len(t.names))
	for i, name := range t.names {
		all[i] = t.login(name)
	}
	s := &t.spec.SSH
	if jump := t.bastion(); jump != "" {
		s.Jump = cluster.OneOrMore{jump}
	}
	share(all, func(l *cluster.SSH) *string { return &l.User }, &s.User)
	share(all, func(l *cluster.SSH) *int { return &l.Port }, &s.Port)
	share(all, func(l *cluster.SSH) *string { return &l.IdentityFile }, &s.IdentityFile)
	shareSudo(all, s)
	shareJump(all, s)
	for i := range all {
		t.spec.Hosts[i].SSH = all[i]
	}
}

// login is how Ansible logs in to a host. kubespray works as root: whoever logs in as another becomes root by sudo.
func (t *taking) login(host string) cluster.SSH {
	out := cluster.SSH{
		User:         t.text(host, "ansible_user", "ansible_ssh_user"),
		IdentityFile: t.text(host, "ansible_ssh_private_key_file", "ansible_private_key_file"),
	}
	if port := t.text(host, "ansible_port", "ansible_ssh_port"); port != "" {
		out.Port, _ = strconv.Atoi(port)
		if out.Port == 0 {
			t.leave("ansible_port", []string{host}, "is no port")
		}
	}
	become, given := truth(t.value(host, "ansible_become", "ansible_sudo"))
	if sudo := become && out.User != "root"; given && sudo || out.User != "" && out.User != "root" {
		yes := true
		out.Sudo = &yes
	}
	if jump, plain := jumpIn(t.text(host, "ansible_ssh_common_args") + " " + t.text(host, "ansible_ssh_extra_args")); jump != nil {
		out.Jump = jump
	} else if !plain {
		t.leave("ansible_ssh_common_args", []string{host}, "write what it says of the way to the host into spec.ssh.jump or ~/.ssh/config")
	}
	return out
}

// proxyJump finds -J HOSTS and -o ProxyJump=HOSTS in arguments of ssh.
var proxyJump = regexp.MustCompile(`(?:^|\s)["']?(?:-J\s*|-o\s*["']?ProxyJump[= ])([^\s"']+)["']?`)

// jumpIn is the hosts to jump over that arguments of ssh name; plain: there is nothing in them at all.
func jumpIn(args string) (jump cluster.OneOrMore, plain bool) {
	if m := proxyJump.FindStringSubmatch(args); m != nil {
		return strings.Split(m[1], ","), false
	}
	return nil, strings.TrimSpace(args) == ""
}

// bastion is kubespray's bastion host, the first of its group, as [user@]host[:port].
func (t *taking) bastion() string {
	hosts := t.inv.members(bastionGroup)
	if len(hosts) == 0 {
		return ""
	}
	if len(hosts) > 1 {
		t.leave(bastionGroup, hosts[1:], "kubespray takes the first of its group, and so it was done here")
	}
	name := hosts[0]
	address := t.text(name, "ansible_host", "ansible_ssh_host")
	if address == "" {
		address = name
	}
	if port := t.text(name, "ansible_port", "ansible_ssh_port"); port != "" && port != "22" {
		address = net.JoinHostPort(address, port)
	}
	if user := t.text(name, "ansible_user", "ansible_ssh_user"); user != "" {
		address = user + "@" + address
	}
	return address
}

// share moves a setting that all hosts have in common to the cluster, and otherwise leaves out of the hosts what is the
// cluster's default.
func share[T comparable](all []cluster.SSH, field func(*cluster.SSH) *T, common *T) {
	var zero T
	if len(all) == 0 {
		return
	}
	first := *field(&all[0])
	same := first != zero
	for i := range all {
		same = same && *field(&all[i]) == first
	}
	if same {
		*common = first
	}
	for i := range all {
		if *field(&all[i]) == *common {
			*field(&all[i]) = zero
		}
	}
}

func shareSudo(all []cluster.SSH, s *cluster.SSH) {
	same := len(all) > 0
	for _, login := range all {
		same = same && login.Sudo != nil
	}
	if !same {
		return
	}
	s.Sudo = all[0].Sudo
	for i := range all {
		all[i].Sudo = nil
	}
}

func shareJump(all []cluster.SSH, s *cluster.SSH) {
	same := len(all) > 0 && all[0].Jump != nil
	for _, login := range all {
		same = same && slices.Equal(login.Jump, all[0].Jump)
	}
	if !same {
		return
	}
	s.Jump = all[0].Jump
	for i := range all {
		all[i].Jump = nil
	}
}
