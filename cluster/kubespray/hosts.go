package kubespray

// ofHosts are variables of single hosts that a spec has no place for. why is empty where nothing is lost.
var ofHosts = []struct {
	names []string
	why   func(t *taking, host, value string) string
}{
	{[]string{"ansible_host", "ansible_ssh_host"}, func(t *taking, host, value string) string {
		return unlessSame(t.at[host], value, "hardway logs in at the host's address: where only this one can be reached from here, give HostName in ~/.ssh/config")
	}},
	{[]string{"access_ip"}, func(t *taking, host, value string) string {
		return unlessSame(t.at[host], value, "hosts of hardway listen on the address that others reach them by, which is ip here")
	}},
	{[]string{"etcd_member_name"}, func(_ *taking, host, value string) string {
		return unlessSame(host, value, "a member is called what its host is called")
	}},
	{[]string{"kube_override_hostname"}, func(_ *taking, host, value string) string {
		return unlessSame(host, value, "a node is called what its host is called")
	}},
	{[]string{"ansible_connection"}, func(_ *taking, _, value string) string {
		if value == "ssh" || value == "smart" || value == "paramiko" {
			return ""
		}
		return "hardway reaches every host by SSH"
	}},
	{[]string{"ansible_become_user"}, func(_ *taking, _, value string) string { return unlessSame("root", value, "hardway works as root") }},
	{[]string{"ansible_become_method"}, func(_ *taking, _, value string) string {
		return unlessSame("sudo", value, "hardway becomes root by sudo")
	}},
}

// passwords are never read, and what they are is never said.
var passwords = []string{
	"ansible_password", "ansible_ssh_pass", "ansible_ssh_password", "ansible_become_password", "ansible_become_pass", "ansible_sudo_pass",
}

// lists are of hosts too, and no texts.
var lists = []struct{ name, why string }{
	{"node_labels", "hardway labels no nodes: kubectl label does, once they have joined"},
	{"node_taints", "hardway taints no nodes: kubectl taint does, once they have joined"},
}

func (t *taking) leaveOfHosts() {
	for _, host := range t.names {
		for _, row := range ofHosts {
			if value := t.text(host, row.names...); value != "" {
				if why := row.why(t, host, value); why != "" {
					t.leave(row.names[0], []string{host}, why)
				}
			}
		}
		for _, name := range passwords {
			t.leaveGiven(host, name, "hardway keeps no passwords: it asks where one is needed, or logs in by key")
		}
		for _, row := range lists {
			t.leaveGiven(host, row.name, row.why)
		}
	}
}

func (t *taking) leaveGiven(host, name, why string) {
	t.used[name] = true
	if _, given := t.of[host][name]; given {
		t.leave(name, []string{host}, why)
	}
}

func unlessSame(want, value, why string) string {
	if value == want {
		return ""
	}
	return why
}
