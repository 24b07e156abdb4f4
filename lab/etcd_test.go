package lab

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// memberUnit is an etcd unit in the form hardway writes, without TLS.
func memberUnit(name, address, cluster string) string {
	return fmt.Sprintf(`[Unit]
Description=etcd member %[1]s
After=network-online.target

[Service]
Environment=HARDWAY_INPUTS=inputs-of-%[1]s
ExecStart=/usr/local/bin/etcd \
  --name=%[1]s \
  --data-dir=/var/lib/etcd \
  --listen-peer-urls=http://%[2]s:2380 \
  --listen-client-urls=http://%[2]s:2379 \
  --advertise-client-urls=http://%[2]s:2379 \
  --initial-advertise-peer-urls=http://%[2]s:2380 \
  --initial-cluster=%[3]s \
  --initial-cluster-token=rehearsal
Type=notify
User=etcd
Environment=ETCD_INITIAL_CLUSTER_STATE=existing
EnvironmentFile=-/run/hardway/etcd-bootstrap.env
ExecStartPost=+/bin/rm -f /run/hardway/etcd-bootstrap.env
Restart=on-failure
RestartSec=5s
TimeoutStartSec=1min
LimitNOFILE=65536
ProtectSystem=full

[Install]
WantedBy=multi-user.target
`, name, address, cluster)
}

// TestThreeMembersFormThroughUnits starts real etcd through delivered units, as hardway does: everything armed, all
// started at once.
func TestThreeMembersFormThroughUnits(t *testing.T) {
	l := started(t, 3)
	var cluster, endpoints []string
	for _, h := range l.options.Hosts {
		cluster = append(cluster, h.Name+"=http://"+h.Address+":2380")
		endpoints = append(endpoints, "http://"+h.Address+":2379")
	}
	for _, h := range l.options.Hosts {
		client := dial(t, l, h.Name)
		deliver(t, l, h.Name, "/etc/sysusers.d/hardway.conf", "u etcd - \"etcd key-value store\" /var/lib/etcd /usr/sbin/nologin\n")
		deliver(t, l, h.Name, "/etc/systemd/system/etcd.service", memberUnit(h.Name, h.Address, strings.Join(cluster, ",")))
		deliver(t, l, h.Name, "/run/hardway/etcd-bootstrap.env", "ETCD_INITIAL_CLUSTER_STATE=new\n")
		must(t, client, "systemd-sysusers /etc/sysusers.d/hardway.conf", "systemctl daemon-reload",
			"systemctl enable etcd.service", "systemctl start --no-block etcd.service")
	}
	for _, h := range l.options.Hosts {
		must(t, dial(t, l, h.Name), "systemctl start etcd.service")
		if _, err := os.Stat(l.Root(h.Name) + "/run/hardway/etcd-bootstrap.env"); !os.IsNotExist(err) {
			t.Errorf("%s: the start state still stands although the member is ready: %v", h.Name, err)
		}
		runsAsWritten(t, l, h, strings.Join(cluster, ","))
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: endpoints, DialTimeout: 5 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	list, err := client.MemberList(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range list.Members {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"h1", "h2", "h3"}) {
		t.Errorf("members are %q", names)
	}
}

// runsAsWritten holds a member's command line against its unit's text: nothing differs but the folder before paths.
func runsAsWritten(t *testing.T, l *Lab, h Host, cluster string) {
	t.Helper()
	s, err := l.Unit(h.Name, "etcd.service")
	if err != nil {
		t.Fatal(err)
	}
	_, command, _ := strings.Cut(memberUnit(h.Name, h.Address, cluster), "ExecStart=")
	command, _, _ = strings.Cut(command, "\nType=")
	want := strings.Fields(strings.ReplaceAll(command, "\\\n", " "))
	got := proc(t, s.MainPID, "cmdline")
	for i := range got {
		got[i] = strings.ReplaceAll(got[i], l.Root(h.Name), "")
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: etcd runs as\n%q, its unit says\n%q", h.Name, got, want)
	}
	if s.Inputs != "inputs-of-"+h.Name {
		t.Errorf("%s: etcd runs on inputs %q", h.Name, s.Inputs)
	}
}
