package cluster

import "testing"

func TestAddresses(t *testing.T) {
	const worker = "address: 192.168.96.49"
	to := func(address string) []string { return []string{worker, "address: " + address} }
	const path = "spec.hosts[4].address"
	holdsTo(t, []rule{
		{"none", []string{worker + ", ", ""}, []string{path + ": is missing"}},
		{"an empty list", to("[]"), []string{path + ": is missing"}},
		{"a name", to("kworker1.systemv.local"), []string{path + `: "kworker1.systemv.local" is no IP address`}},
		{"zeros in front", to("192.168.096.049"), []string{path + ": is no IP address"}},
		{"a CIDR", to("192.168.96.49/24"), []string{path + ": is no IP address"}},
		{"an interface's zone", to("'fe80::1%eth0'"), []string{path + ": is no IP address"}},
		{"the first loopback address", to("127.0.0.1"), []string{path + ": every machine's address for itself"}},
		{"IPv6's loopback address", to("'::1'"), []string{path + ": every machine's address for itself", path + ": is IPv6"}},
		{"another loopback address", to("127.0.0.11"), nil},
		{"the unspecified address", to("0.0.0.0"), []string{path + ": is no machine's address"}},
		{"a multicast address", to("224.0.0.1"), []string{path + ": multicast"}},
		{"the broadcast address", to("255.255.255.255"), []string{path + ": broadcast"}},
		{"a link-local IPv6 address", to("'fe80::1'"), []string{path + ": link-local", path + ": is IPv6"}},
		{"a duplicate", to("192.168.96.46"), []string{path + ": 192.168.96.46 is already spec.hosts[0].address"}},
		{"a duplicate mapped into IPv6", to("'::ffff:192.168.96.46'"), []string{path + ": already spec.hosts[0].address"}},
		{"a duplicate mapped in hexadecimal and upper case", to("'::FFFF:C0A8:602E'"), []string{path + ": already spec.hosts[0].address"}},
		{"a duplicate in one list", to("[192.168.96.49, '::ffff:192.168.96.49']"), []string{path + "[1]: already spec.hosts[4].address[0]"}},
		{"several addresses of one family", to("[192.168.96.49, 192.168.97.49]"), nil},
	})
}

func TestDuplicateIPv6AddressesHoweverSpelled(t *testing.T) {
	dual := []string{pods, "podCIDR: [10.200.0.0/16, 'fd00:200::/56']", services, "serviceCIDR: [10.32.0.0/24, 'fd00:32::/112']",
		"address: 192.168.96.7", "address: [192.168.96.7, 'fd00:96::7']"}
	for _, spelling := range []string{"fd00:96::7", "FD00:96::7", "fd00:0096:0:0:0:0:0:7", "fd00:96::0.0.0.7"} {
		t.Run(spelling, func(t *testing.T) {
			problems := broken(t, append(dual[:6:6], "address: 192.168.96.49", "address: [192.168.96.49, '"+spelling+"']"))
			if len(problems) != 1 || problems[0].Subject != "spec.hosts[4].address[1]" {
				t.Errorf("got %v", problems)
			}
		})
	}
}

func TestRoles(t *testing.T) {
	const master, worker = "roles: [etcd, control-plane]", "roles: [worker]"
	holdsTo(t, []rule{
		{"none", []string{", " + worker, ""}, []string{"spec.hosts[4].roles: is missing"}},
		{"an unknown one", []string{worker, "roles: [Worker]"}, []string{`spec.hosts[4].roles[0]: "Worker" is not supported`}},
		{"one twice", []string{worker, "roles: [worker, worker]"}, []string{"spec.hosts[4].roles[1]: stands there twice"}},
		{"a master that works", []string{master, "roles: [etcd, control-plane, worker]"}, nil},
		{"an even number of members", []string{worker, "roles: [etcd]"}, []string{"spec.hosts: has 4 hosts with the role etcd, want an odd number"}},
		{"a master without etcd", []string{master, "roles: [control-plane]", worker, "roles: [etcd]"}, []string{"spec.hosts[0].roles: kmaster1 is a control plane without etcd"}},
		{"a member without a control plane", []string{master, "roles: [etcd]"}, nil},
		{"no hosts", []string{"  hosts:\n", "  hosts: []\n  xhosts:\n"}, []string{"spec.xhosts: is not a key", "spec.hosts: no host with the role etcd", "spec.hosts: no host with the role control-plane"}},
		{"no etcd", append(single[:len(single):len(single)], master, "roles: [control-plane]"), []string{
			"spec.hosts: no host with the role etcd", "spec.hosts[0].roles: without etcd beside it"}},
	})
}

func TestSSH(t *testing.T) {
	const host = "ssh: {user: ubuntu, sudo: true}"
	onHost := func(settings string) []string { return []string{host, "ssh: {" + settings + "}"} }
	holdsTo(t, []rule{
		{"a user with a space", []string{"user: root", "user: 'ro ot'"}, []string{"spec.ssh.user: is no user name"}},
		{"a user that is an option", []string{"user: root", "user: -oProxyCommand"}, []string{"spec.ssh.user: is no user name"}},
		{"a port out of range", []string{"port: 22", "port: 70000"}, []string{"spec.ssh.port: 70000 is no port"}},
		{"nothing at once", []string{"parallel: 20", "parallel: -1"}, []string{"spec.ssh.parallel: is -1"}},
		{"as much at once as there is", []string{"parallel: 20", "parallel: 500"}, nil},
		{"one at a time", []string{"parallel: 20", "parallel: 1"}, nil},
		{"an identity that is no path", []string{"identityFile: ~/.ssh/id_ed25519", `identityFile: "a\nb"`}, []string{"spec.ssh.identityFile: is no path"}},
		{"a jump from a user that is none", []string{"jump: []", "jump: [a, 'b c@bastion']"}, []string{"spec.ssh.jump[1]: is no host"}},
		{"too much at once", []string{"parallel: 20", "parallel: 20000"}, []string{"spec.ssh.parallel: is 20000"}},
		{"no time", []string{"timeout: 30s", "timeout: -1s"}, []string{"spec.ssh.timeout: is -1s"}},
		{"a time without a unit", []string{"timeout: 30s", "timeout: 30"}, []string{"spec.ssh.timeout: want a duration such as 8760h or 2m30s, got 30"}},
		{"jumps", []string{"jump: []", "jump: [me@bastion.example.com:2222, 10.1.1.1, '[fd00::1]:22', 'root@[fd00::2]', bastion]"}, nil},
		{"one jump", []string{"jump: []", "jump: me@bastion"}, nil},
		{"a jump without a host", []string{"jump: []", "jump: [bastion, 'me@']"}, []string{"spec.ssh.jump[1]: is no host to jump over"}},
		{"a jump to a port that is none", []string{"jump: []", "jump: bastion:0"}, []string{"spec.ssh.jump: is no host"}},
		{"a jump that is an option", []string{"jump: []", "jump: -W"}, []string{"spec.ssh.jump: is no host"}},
		{"a host's port out of range", onHost("port: -1"), []string{"spec.hosts[4].ssh.port: -1 is no port"}},
		{"a host's user that is none", onHost("user: 'a b'"), []string{"spec.hosts[4].ssh.user: is no user name"}},
		{"a host's own parallelism", onHost("parallel: 2"), []string{"spec.hosts[4].ssh.parallel: about all hosts"}},
		{"a host's own jumps", onHost("jump: [a, b:x]"), []string{"spec.hosts[4].ssh.jump[1]: is no host"}},
		{"a host's own time", onHost("timeout: -5s"), []string{"spec.hosts[4].ssh.timeout: is -5s"}},
		{"no time for a command", []string{"timeout: 30s", "commandTimeout: -1s"}, []string{"spec.ssh.commandTimeout: is -1s"}},
		{"a host's own time for a command", onHost("commandTimeout: -5s"), []string{"spec.hosts[4].ssh.commandTimeout: is -5s"}},
		{"a host's own settings", onHost("user: admin, port: 2222, identityFile: ~/.ssh/other, jump: bastion, sudo: true, timeout: 5s"), nil},
	})
}
