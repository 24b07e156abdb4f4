package plan

import (
	"fmt"
	"path"
	"strings"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/controlplane"
	"hardway/etcd"
	"hardway/pki"
	"hardway/remote"
)

// onMembers is a command on each etcd host.
func onMembers(spec *cluster.Spec, says string, line func(cluster.Node) string) []Command {
	return perNode(spec.With(cluster.RoleEtcd), func(n cluster.Node) []Command {
		return []Command{handOn(spec, n).on(says, line(n))}
	})
}

func always(text string) func(cluster.Node) string { return func(cluster.Node) string { return text } }

// applyEtcdByHand begins a cluster, and refuses where one has begun: restarting members is another sequence.
func applyEtcdByHand(spec *cluster.Spec) []Command {
	var commands []Command
	for _, c := range []struct {
		says string
		line func(cluster.Node) string
	}{
		{"distribute has been here, and there is an etcd to start", always("test -e " + artifact.UnitDir + "/" + etcd.Unit + " && test -x " + etcd.Binary)},
		{"proven empty: wiped members that are started as new form an empty cluster in the place of the old one", provenEmpty},
		{"may begin a cluster, this once: below /run, so that no reboot brings it back", always(bootstrapLine())},
		{"from now on at every boot", always("systemctl daemon-reload && systemctl enable " + etcd.Unit)},
		{"without waiting: a member is ready once it has met the others", always("systemctl start --no-block " + etcd.Unit)},
	} {
		commands = append(commands, onMembers(spec, c.says, c.line)...)
	}
	commands = append(commands, awaitHealth(spec))
	commands = append(commands, onMembers(spec, "a member that is ready takes its start state off by itself", always("test ! -e "+etcd.BootstrapPath))...)
	return append(commands, handOver(spec)...)
}

// handOver is for later, when members of a running cluster are restarted one at a time. What lets an API server go on is set
// before it is stopped.
func handOver(spec *cluster.Spec) []Command {
	if len(spec.With(cluster.RoleEtcd)) == 1 {
		return nil
	}
	signal := func(name string) string {
		return "systemctl kill --kill-whom=main -s " + name + " " + controlplane.APIServerUnit
	}
	hold := fmt.Sprintf("systemd-run -q --on-active=%d --timer-property=AccuracySec=10ms %s && %s", int(remote.HoldLimit.Seconds()), signal("CONT"), signal("STOP"))
	var text []string
	for _, n := range spec.With(cluster.RoleControlPlane) {
		text = append(text, `[ "$AWAY" = `+n.Name+" ] || "+handOn(spec, n).run(hold)+" &")
	}
	text = append(text, "wait", `next=$(`+etcdctl(spec, `member list | awk -F', ' -v away="$AWAY" '$3 != away { print $1; exit }'`)+")", etcdctl(spec, `move-leader "$next"`))
	return []Command{{
		Says: "later: restart members one at a time, each while all others are healthy, the leader last, and before that run this with AWAY=HOST to give its lead away; " +
			"the other API servers stand still for a second, because etcd drops what is written meanwhile",
		Line: lines(`if [ -n "${AWAY:-}" ]; then`, indent(lines(text...), "  "), "fi"),
	}}
}

// provenEmpty looks at what etcd itself keeps in its data directory: a disk of its own also holds lost+found.
func provenEmpty(n cluster.Node) string {
	kept := etcd.DataDir + "/member"
	return lines(
		"[ ! -e "+kept+" ] || {",
		"  echo "+quote(n.Name+": "+kept+" is there, so the data directory is not empty. Where a cluster has begun, restart its members one at a time, the leader last, each while all others are healthy")+" >&2",
		"  exit 1",
		"}")
}

// awaitHealth gives up when a gate would.
func awaitHealth(spec *cluster.Spec) Command {
	return Command{
		Says: "every member answers, from where the operator is",
		Line: lines(
			fmt.Sprintf("for ((i = 0; i < %d; i++)); do", int(spec.Rollout.GateTimeout.Seconds())),
			indent(etcdctl(spec, "endpoint health")+" && break", "  "),
			"  sleep 1",
			"done",
			etcdctl(spec, "endpoint health")),
	}
}

func bootstrapLine() string {
	file := etcd.BootstrapEnv()
	text, err := artifact.ReadAll(file.Content)
	if err != nil {
		return "false"
	}
	return fmt.Sprintf("mkdir -p %s && echo %s >%s", path.Dir(file.Path), quote(strings.TrimSpace(string(text))), file.Path)
}

// etcdVerifyByHand asks the members first, then looks at what stands on the hosts.
func etcdVerifyByHand(spec *cluster.Spec) []Command {
	commands := []Command{
		{Says: "who is in: " + spec.InitialCluster() + " and nobody else, all started, no learner", Line: etcdctl(spec, "member list -w table")},
		{Says: "one leader, the same term on every line, no errors; versions and sizes agree", Line: etcdctl(spec, "endpoint status -w table")},
		{Says: "every member commits a proposal", Line: etcdctl(spec, "endpoint health -w table")},
		{Says: "the same data everywhere: the same hash on every line", Line: etcdctl(spec, "endpoint hashkv -w table")},
		{Says: "nothing is listed: an alarm stops writes", Line: etcdctl(spec, "alarm list")},
	}
	for _, n := range spec.With(cluster.RoleEtcd) {
		commands = append(commands, Command{
			Says: n.Name + ": the certificate that its peers see, verified as they verify it, and the names in it",
			Line: peerCertificate(n),
		})
	}
	return append(commands, onMembers(spec, "its unit was delivered with the members of the spec",
		always("grep -F -e "+quote("--initial-cluster="+spec.InitialCluster())+" "+artifact.UnitDir+"/"+etcd.Unit))...)
}

// etcdctl asks every member of the spec with the operator's certificate.
func etcdctl(spec *cluster.Spec, question string) string {
	var endpoints []string
	for _, n := range spec.With(cluster.RoleEtcd) {
		endpoints = append(endpoints, n.ClientURL())
	}
	return lines(
		"etcdctl --endpoints="+quote(strings.Join(endpoints, ","))+` \`,
		fmt.Sprintf(`  --cacert=%s --cert=%s --key=%s \`, pki.File(pki.EtcdBundle), pki.CertFile("", etcdClient), pki.KeyFile("", etcdClient)),
		"  "+question)
}

// peerCertificate shakes hands with a member's peer port and fails where the certificate does not verify for its address.
func peerCertificate(n cluster.Node) string {
	address := strings.TrimPrefix(n.PeerURL(), "https://")
	return lines(
		"openssl s_client -connect "+quote(address)+" -verify_return_error -verify_ip "+n.PrimaryAddress()+` \`,
		fmt.Sprintf(`  -CAfile %s -cert %s -key %s </dev/null 2>/dev/null |`, pki.File(pki.EtcdBundle), pki.CertFile("", etcdClient), pki.KeyFile("", etcdClient)),
		"  openssl x509 -noout -subject -issuer -enddate -ext subjectAltName")
}
