package etcd

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// TestWipedMembers loses one member's data and brings it back the way the hint says, then loses two.
func TestWipedMembers(t *testing.T) {
	t.Parallel()
	ms := formed(t)
	admin := ms.client("kmaster1")
	ctx := context.Background()

	lost := ms.of["kmaster3"]
	lost.stop()
	lost.wipe()
	if lost.mayStart() {
		t.Error("systemd would start a wiped member")
	}
	rows, problems := ms.look(t)
	want(t, problems, finding{"kmaster3", DataDir, "is wiped"})
	if hint := problems[0].Hint; !strings.Contains(hint, "member remove "+rows[2].ID) || !strings.Contains(hint, "member add kmaster3 --peer-urls="+lost.node.PeerURL()) {
		t.Errorf("the hint %q is not the way back", hint)
	}
	_, refusals := DecideStart(ms.facts())
	want(t, refusals, finding{"kmaster3", DataDir, "is wiped"})

	eventually(t, func() error {
		_, err := admin.MemberRemove(ctx, memberID(t, admin, "kmaster3"))
		return err
	})
	eventually(t, func() error {
		_, err := admin.MemberAdd(ctx, []string{lost.node.PeerURL()})
		return err
	})
	lost.arm("existing")
	lost.start()
	lost.awaitReady()
	_, problems = ms.look(t)
	want(t, problems)

	for _, host := range []string{"kmaster2", "kmaster3"} {
		ms.of[host].stop()
		ms.of[host].wipe()
	}
	_, problems = ms.look(t)
	want(t, problems, finding{"kmaster1", "leader", "no leader"}, finding{"kmaster2", DataDir, "is wiped"}, finding{"kmaster3", DataDir, "is wiped"})
	decision, refusals := DecideStart(ms.facts())
	want(t, refusals, finding{"kmaster2", DataDir, "kmaster2, kmaster3 must not be started as new"}, finding{"kmaster3", DataDir, "formed (on kmaster1)"})
	if !decision.Idle() {
		t.Errorf("decided %+v with two wiped members", decision)
	}
}

// TestAnotherClusterID: two members formed the cluster of the spec, the third one of its own.
func TestAnotherClusterID(t *testing.T) {
	t.Parallel()
	spec := alone(t)
	ms := newMembers(t, spec, issued(t, spec))
	own := *spec
	own.Hosts = slices.Clone(spec.Hosts[2:])
	stray := ms.of["kmaster3"]
	stray.unit = find(t, rendered(t, &own, stray.node, ms.store), stray.unit.Path)
	ms.bootstrap()
	rows, problems := ms.look(t)
	want(t, problems, finding{"kmaster3", "cluster ID", "belongs to another cluster"}, finding{"kmaster3", Unit, "--initial-cluster="})
	if rows[2].Healthy || rows[2].Leader || !rows[0].Healthy {
		t.Errorf("rows %+v: want kmaster3 neither healthy nor leader", rows)
	}
}
