package check

import (
	"slices"
	"strings"
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"
	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"hardway/cluster"
	"hardway/test/sample"
)

// registered is a Node as the kubelet of a host of the sample tells of itself.
func registered(spec *cluster.Spec, n cluster.Node) core.Node {
	return core.Node{
		ObjectMeta: meta.ObjectMeta{Name: n.Name}, Spec: core.NodeSpec{PodCIDRs: spec.PodCIDRs(n)},
		Status: core.NodeStatus{
			Conditions: []core.NodeCondition{{Type: core.NodeReady, Status: core.ConditionTrue}},
			Addresses:  []core.NodeAddress{{Type: core.NodeInternalIP, Address: n.PrimaryAddress()}, {Type: core.NodeHostName, Address: n.Name}},
			NodeInfo:   core.NodeSystemInfo{KubeletVersion: spec.Kubernetes.Version},
		},
	}
}

func TestNodesAreThoseOfTheSpec(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(nodes []core.Node) []core.Node
		host string
		says string
	}{
		"as they should be": {edit: func(n []core.Node) []core.Node { return n }},
		"one is missing":    {func(n []core.Node) []core.Node { return n[1:] }, "kworker1", "there is no Node kworker1"},
		"a stranger": {func(n []core.Node) []core.Node {
			return append(n, core.Node{ObjectMeta: meta.ObjectMeta{Name: "laptop"}})
		}, "",
			"there is a Node laptop"},
		"not ready": {func(n []core.Node) []core.Node {
			n[0].Status.Conditions[0] = core.NodeCondition{Type: core.NodeReady, Status: core.ConditionFalse, Reason: "KubeletNotReady", Message: "no CNI"}
			n[0].Status.Addresses = nil
			return n
		}, "kworker1", "its Node is not ready: KubeletNotReady: no CNI"},
		"says nothing":        {func(n []core.Node) []core.Node { n[0].Status.Conditions = nil; return n }, "kworker1", "has not told"},
		"another version":     {func(n []core.Node) []core.Node { n[0].Status.NodeInfo.KubeletVersion = "v1.35.0"; return n }, "kworker1", "its version is v1.35.0, expected v1.36"},
		"another address":     {func(n []core.Node) []core.Node { n[0].Status.Addresses[0].Address = "10.0.0.9"; return n }, "kworker1", "its internal address is 10.0.0.9, expected 192.168.96.49"},
		"another pod network": {func(n []core.Node) []core.Node { n[0].Spec.PodCIDRs = []string{"10.200.9.0/24"}; return n }, "kworker1", "its pod network is 10.200.9.0/24, expected 10.200.0.0/24"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := sample.Spec(t)
			var nodes []core.Node
			for _, n := range spec.Kubelets() {
				nodes = append(nodes, registered(spec, n))
			}
			var bad []Row
			for _, r := range judgeNodes(spec, c.edit(nodes)) {
				if r.State != OK {
					bad = append(bad, r)
				}
			}
			switch {
			case c.says == "" && len(bad) > 0, c.says != "" && len(bad) != 1:
				t.Fatalf("found %+v", bad)
			case c.says == "":
			case bad[0].Host != c.host || !strings.Contains(bad[0].Seen, c.says) || bad[0].Try == "":
				t.Errorf("found %+v, want %q about %q", bad[0], c.says, c.host)
			}
		})
	}
}

func TestALeaseIsHeldAndRenewedByAMaster(t *testing.T) {
	now := time.Unix(1795263430, 0)
	for name, c := range map[string]struct {
		holder string
		ago    time.Duration
		says   string
	}{
		"held":                  {"kmaster2_6f0a", 3 * time.Second, ""},
		"by a clock that leads": {"kmaster2_6f0a", -3 * time.Second, ""},
		"run out":               {"kmaster2_6f0a", 16 * time.Second, "has no leader: kmaster2, the last, renewed its lease 16s ago"},
		"a stranger's":          {"old-master_6f0a", time.Second, "led by old-master, which is no master of the spec"},
		"nobody's":              {"", time.Second, "has no leader"},
	} {
		t.Run(name, func(t *testing.T) {
			lease := &coordination.Lease{Spec: coordination.LeaseSpec{
				HolderIdentity: &c.holder, RenewTime: &meta.MicroTime{Time: now.Add(-c.ago)}, LeaseDurationSeconds: new(int32(15)),
			}}
			rows := judgeLease(sample.Spec(t), "kube-scheduler", lease, now)
			if len(rows) != 1 || (rows[0].State == OK) != (c.says == "") || !strings.Contains(rows[0].Seen, c.says) {
				t.Errorf("found %+v", rows)
			}
		})
	}
}

func TestWhatStandsInEtcdIsEncryptedWithTheFirstKey(t *testing.T) {
	const prefix, secret = "k8s:enc:secretbox:v1:key2:", "hunter2"
	for name, c := range map[string]struct {
		value string
		state State
		says  string
	}{
		"as it should be": {prefix + "\x00\x01", OK, prefix},
		"another key":     {"k8s:enc:secretbox:v1:key1:\x00" + secret, Failed, "encrypted with k8s:enc:secretbox:v1:key1:, and"},
		"another way":     {"k8s:enc:aescbc:v1:key2:\x00" + secret, Failed, "encrypted with k8s:enc:aescbc:v1:key2:"},
		"a KMS":           {"k8s:enc:kms:v2:vault:\x00" + secret, Failed, "encrypted with k8s:enc:kms:v2:vault:"},
		"plain":           {"k8s\x00\n\x0c\n\x02v1\x12\x06Secret" + secret, Failed, "plain text"},
		"nothing":         {"", Failed, "keeps nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			rows := judgeStored([]byte(c.value), prefix)
			if len(rows) != 1 || rows[0].State != c.state || !strings.Contains(rows[0].Seen, c.says) || strings.Contains(rows[0].Seen, secret) {
				t.Errorf("found %+v", rows)
			}
		})
	}
}

// TestWhatComesOfAnotherFindingSaysSo: of one cause, one finding stays.
func TestWhatComesOfAnotherFindingSaysSo(t *testing.T) {
	bad := func(host string, k kind) []Row { return at(host, of(k, failed("", "bad"))) }
	for name, c := range map[string]struct {
		rows map[string][]Row
		want string
	}{
		"a host that is off":            {map[string][]Row{liveSSH: bad("m1", ""), liveAPI: bad("m1", kindSilent), liveEtcd: bad("m1", kindDown), livePeer: bad("m1", kindSilent), liveNodes: bad("m1", "")}, "ssh/m1"},
		"another host is another cause": {map[string][]Row{liveSSH: bad("m1", ""), liveAPI: bad("m2", kindSilent)}, "apiserver/m2 ssh/m1"},
		"a member that is down":         {map[string][]Row{liveEtcd: bad("m1", kindDown), livePeer: bad("m1", kindSilent), liveClient: bad("m1", kindSilent), liveAPI: bad("m1", kindOfEtcd)}, "etcd/m1"},
		"a member's certificate":        {map[string][]Row{liveEtcd: bad("m1", kindServed), livePeer: bad("m1", kindServed)}, "etcd-peer/m1"},
		"a firewall between members":    {map[string][]Row{livePeer: bad("m2", kindReach), liveEtcd: bad("m1", kindLonely), liveAPI: bad("m2", kindOfEtcd), liveBalancer: bad("lb", ""), liveNodes: bad("m1", ""), "aggregated-api": bad("", "")}, "etcd-peer/m2"},
		"an API server of its own":      {map[string][]Row{liveEtcd: bad("m1", kindDown), liveAPI: bad("m1", kindAnswer)}, "apiserver/m1 etcd/m1"},
		"a name":                        {map[string][]Row{liveHostname: bad("w1", ""), liveKubelet: bad("w1", kindSilent), liveNodes: bad("w1", "")}, "hostname/w1"},
		"no space":                      {map[string][]Row{liveEtcd: bad("m3", kindAlarm), "leases": bad("", ""), liveSecret: bad("m1", ""), livePods: bad("", "")}, "etcd/m3"},
		"a network":                     {map[string][]Row{livePodToPod: bad("w1", ""), liveService: bad("w1", ""), liveDNS: bad("w1", "")}, "pod-to-pod/w1"},
	} {
		t.Run(name, func(t *testing.T) {
			v := &Verification{Live: &Live{Spec: sample.Spec(t)}, rows: c.rows}
			v.blame()
			v.blame()
			var left []string
			for _, check := range LiveChecks() {
				for _, r := range v.rows[check.Name] {
					switch r.State {
					case Failed:
						left = append(left, check.Name+"/"+r.Host)
					case Unknown:
						if !strings.HasPrefix(r.Try, "see `") {
							t.Errorf("%s does not say where to look: %+v", check.Name, r)
						}
					}
				}
			}
			if got := strings.Join(slices.Sorted(slices.Values(left)), " "); got != c.want {
				t.Errorf("left is %s, want %s", got, c.want)
			}
		})
	}
}

// TestAnAddonThatHasJustBeenStartedIsNoFinding: metrics-server takes half a minute.
func TestAnAddonThatHasJustBeenStartedIsNoFinding(t *testing.T) {
	now := time.Unix(1795263430, 0)
	running := func(ago time.Duration, restarts int32) core.ContainerStatus {
		return core.ContainerStatus{RestartCount: restarts, State: core.ContainerState{Running: &core.ContainerStateRunning{StartedAt: meta.NewTime(now.Add(-ago))}}}
	}
	for name, c := range map[string]struct {
		ready int32
		pods  []core.ContainerStatus
		state State
	}{
		"ready":          {1, nil, OK},
		"just started":   {0, []core.ContainerStatus{running(20*time.Second, 0)}, Warning},
		"for too long":   {0, []core.ContainerStatus{running(2*time.Minute, 0)}, Failed},
		"again":          {0, []core.ContainerStatus{running(20*time.Second, 1)}, Failed},
		"pulls an image": {0, []core.ContainerStatus{{State: core.ContainerState{Waiting: &core.ContainerStateWaiting{Reason: "ImagePullBackOff"}}}}, Failed},
		"not made":       {0, nil, Failed},
	} {
		t.Run(name, func(t *testing.T) {
			d := &apps.Deployment{ObjectMeta: meta.ObjectMeta{Name: "metrics-server", Namespace: "kube-system"}, Status: apps.DeploymentStatus{AvailableReplicas: c.ready}}
			var pods []core.Pod
			for _, s := range c.pods {
				pods = append(pods, core.Pod{Status: core.PodStatus{ContainerStatuses: []core.ContainerStatus{s}}})
			}
			rows := judgeAddon(d, pods, now)
			if len(rows) != 1 || rows[0].State != c.state || name == "pulls an image" && !strings.Contains(rows[0].Seen, "ImagePullBackOff") {
				t.Errorf("found %+v", rows)
			}
		})
	}
}
