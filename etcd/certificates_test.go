package etcd

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestCertificates serves pairs that are not what they should be, while the cluster runs on: pairs are read at every
// handshake.
func TestCertificates(t *testing.T) {
	t.Parallel()
	ms := formed(t)
	m := ms.of["kmaster2"]
	own := rendered(t, ms.spec, m.node, ms.store)

	m.deliver(rendered(t, ms.spec, m.node, issued(t, ms.spec)))
	rows, problems := ms.look(t)
	want(t, problems, finding{"kmaster2", "peer certificate", "unknown authority"}, finding{"kmaster2", "server certificate", "unknown authority"})
	if rows[1].Healthy {
		t.Error("a member that serves another authority's certificate is called healthy")
	}

	m.deliver(rendered(t, ms.spec, ms.of["kmaster1"].node, ms.store))
	_, problems = ms.look(t)
	want(t, problems, finding{"kmaster2", "peer certificate", "kmaster1"}, finding{"kmaster2", "server certificate", m.node.PrimaryAddress()})

	m.deliver(own)
	_, problems = ms.look(t)
	want(t, problems)

	later := adminTLS(t, ms.store)
	later.Time = func() time.Time { return time.Now().Add(2 * year) }
	_, problems = Judge(ms.spec, Collect(context.Background(), ms.spec, later, directly, nil))
	for _, n := range ms.spec.Hosts {
		for _, pair := range []string{"peer certificate", "server certificate"} {
			problems = found(t, problems, finding{n.Name, pair, "expired"})
		}
	}
	want(t, problems)
}

// TestClientOfAnotherAuthority: the members are well, and take the one who asks for nobody.
func TestClientOfAnotherAuthority(t *testing.T) {
	t.Parallel()
	ms := formed(t)
	config := adminTLS(t, ms.store)
	config.Certificates = adminTLS(t, issued(t, ms.spec)).Certificates
	rows, problems := Judge(ms.spec, Collect(context.Background(), ms.spec, config, directly, nil))
	var findings []finding
	for _, n := range ms.spec.Hosts {
		findings = append(findings, finding{n.Name, Unit, "answers no question"})
	}
	want(t, problems, findings...)
	if len(rows) != 3 || rows[0].Healthy {
		t.Errorf("rows %+v without any answer", rows)
	}
}

// TestOtherData changes a value in the database of one member behind etcd's back.
func TestOtherData(t *testing.T) {
	t.Parallel()
	ms := formed(t)
	if _, err := ms.client("kmaster1").Put(context.Background(), "key", "value"); err != nil {
		t.Fatal(err)
	}
	m := ms.of["kmaster3"]
	m.stop()
	m.corrupt("value", "eulav")
	m.start()
	if log := m.awaitExit(); !strings.Contains(log, "found data inconsistency with peers") {
		t.Errorf("a member with other data than its peers starts in spite of InitialCorruptCheck:\n%s", log)
	}
	m.process = nil
	m.without("feature-gates")
	m.start()
	m.awaitReady()
	rows, problems := ms.look(t)
	want(t, problems, finding{"kmaster3", "data", "holds other data than most members"})
	if rows[2].Hash == rows[0].Hash {
		t.Errorf("hashes of different data are the same: %+v", rows)
	}
}
