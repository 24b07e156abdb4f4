package check

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	coordination "k8s.io/api/coordination/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"hardway/cluster"
)

// leaderElections is the Leases of components of which one leads, by their names in kube-system.
var leaderElections = []string{"kube-controller-manager", "kube-scheduler"}

// leaseDuration is for a Lease that does not say how long it lasts: what leader election takes without being told.
const leaseDuration = 15 * time.Second

func leases(ctx context.Context, v *Verification, a *api) []Row {
	var rows []Row
	for _, name := range leaderElections {
		rows = append(rows, v.lease(ctx, a, name)...)
	}
	return rows
}

func (v *Verification) lease(ctx context.Context, a *api, name string) []Row {
	get := func() (*coordination.Lease, error) {
		return a.CoordinationV1().Leases(meta.NamespaceSystem).Get(ctx, name, meta.GetOptions{})
	}
	lease, err := get()
	if err != nil {
		return unanswered(a, err)
	}
	again, err := renewed(ctx, lease, get, v.Now)
	if err != nil {
		return unanswered(a, err)
	}
	return judgeLease(v.Spec, name, again, v.Now())
}

// renewed looks once more at a lease that seems to have run out: the operator's clock may differ from the masters'. Where it
// is renewed meanwhile its time is taken for now.
func renewed(ctx context.Context, lease *coordination.Lease, get func() (*coordination.Lease, error), now func() time.Time) (*coordination.Lease, error) {
	if lease.Spec.RenewTime == nil || age(lease, now()) < lasts(lease) && age(lease, now()) > -lasts(lease) {
		return lease, nil
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(lasts(lease) / 4):
	}
	again, err := get()
	if err == nil && again.Spec.RenewTime != nil && !again.Spec.RenewTime.Equal(lease.Spec.RenewTime) {
		again.Spec.RenewTime = &meta.MicroTime{Time: now()}
	}
	return again, err
}

func age(l *coordination.Lease, now time.Time) time.Duration { return now.Sub(l.Spec.RenewTime.Time) }

func lasts(l *coordination.Lease) time.Duration {
	if l.Spec.LeaseDurationSeconds == nil {
		return leaseDuration
	}
	return time.Duration(*l.Spec.LeaseDurationSeconds) * time.Second
}

// judgeLease: somebody holds it, has renewed it within its duration, and is a master. The holder is written as
// HOSTNAME_RANDOM.
func judgeLease(spec *cluster.Spec, name string, l *coordination.Lease, now time.Time) []Row {
	try := fmt.Sprintf("on each master: journalctl -u %s -n 50", name)
	if l.Spec.HolderIdentity == nil || *l.Spec.HolderIdentity == "" || l.Spec.RenewTime == nil {
		return failed(try, "%s has no leader", name)
	}
	holder, _, _ := strings.Cut(*l.Spec.HolderIdentity, "_")
	switch ago := age(l, now).Round(time.Second); {
	case ago >= lasts(l):
		return failed(try, "%s has no leader: %s, the last, renewed its lease %s ago, and it lasts %s", name, holder, ago, lasts(l))
	case !sharesMachine(spec) && !slices.ContainsFunc(masters(spec), func(n cluster.Node) bool { return n.Name == holder }):
		return failed(fmt.Sprintf("stop it there: ssh %s systemctl stop %s", holder, name), "%s is led by %s, which is no master of the spec", name, holder)
	}
	return ok("%s is led by %s", name, holder)
}

// sharesMachine: hosts with loopback addresses are one machine, which has one name.
func sharesMachine(spec *cluster.Spec) bool {
	return slices.ContainsFunc(spec.Hosts, func(n cluster.Node) bool {
		a, err := netip.ParseAddr(n.PrimaryAddress())
		return err == nil && a.IsLoopback()
	})
}
