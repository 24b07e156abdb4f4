package etcd

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/pki"
)

// members are the real members of a spec, each a process that runs what its rendered unit says, with the paths of the
// host mapped into a directory of its own.
type members struct {
	t     *testing.T
	spec  *cluster.Spec
	store *pki.Store
	of    map[string]*member
}

func newMembers(t *testing.T, spec *cluster.Spec, store *pki.Store) *members {
	t.Helper()
	ms := &members{t: t, spec: spec, store: store, of: map[string]*member{}}
	for _, node := range spec.With(cluster.RoleEtcd) {
		files := rendered(t, spec, node, store)
		m := &member{t: t, node: node, root: t.TempDir(), unit: find(t, files, artifact.UnitDir+"/"+Unit)}
		m.deliver(files)
		ms.of[node.Name] = m
		t.Cleanup(m.kill)
	}
	return ms
}

// formed is a cluster whose three members are ready.
func formed(t *testing.T) *members {
	t.Helper()
	spec := alone(t)
	ms := newMembers(t, spec, issued(t, spec))
	ms.bootstrap()
	return ms
}

// bootstrap arms and starts every member, and waits until all are ready.
func (ms *members) bootstrap() {
	ms.t.Helper()
	for _, m := range ms.of {
		m.arm("new")
	}
	for _, m := range ms.of {
		m.start()
	}
	for _, m := range ms.of {
		m.awaitReady()
	}
}

// facts is what apply would read on the hosts before it decides.
func (ms *members) facts() []StartFacts {
	var facts []StartFacts
	for _, node := range ms.spec.With(cluster.RoleEtcd) {
		m := ms.of[node.Name]
		facts = append(facts, StartFacts{
			Host: node.Name, DataEmpty: m.empty(DataDir), LogEmpty: m.empty(LogDir), BootstrapPending: m.armed(), Running: m.process != nil,
		})
	}
	return facts
}

// look is what Judge says of the members, with the units that were delivered to them.
func (ms *members) look(t *testing.T) ([]Member, []cluster.Problem) {
	t.Helper()
	evidence := Collect(context.Background(), ms.spec, adminTLS(t, ms.store), directly, ms.delivered())
	return Judge(ms.spec, evidence)
}

// agreed looks until every member has learnt what one was told.
func (ms *members) agreed(t *testing.T) (problems []cluster.Problem) {
	t.Helper()
	eventually(t, func() error {
		_, problems = ms.look(t)
		for _, p := range problems {
			if strings.Contains(p.Message, "another member list") {
				return errors.New(p.Message)
			}
		}
		return nil
	})
	return problems
}

// in makes failures those of a subtest while it runs.
func (ms *members) in(t *testing.T) {
	before := ms.t
	set := func(t *testing.T) {
		ms.t = t
		for _, m := range ms.of {
			m.t = t
		}
	}
	set(t)
	t.Cleanup(func() { set(before) })
}

// eventually repeats a change of the membership until it is taken: etcd refuses any while members have been connected for
// less than five seconds.
func eventually(t *testing.T, change func() error) {
	t.Helper()
	var err error
	for range 80 {
		if err = change(); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal(err)
}

// client speaks to one member.
func (ms *members) client(host string) *client {
	ms.t.Helper()
	c, err := connect(context.Background(), ms.of[host].node, adminTLS(ms.t, ms.store), directly)
	if err != nil {
		ms.t.Fatal(err)
	}
	ms.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (ms *members) delivered() []DeliveredUnit {
	var units []DeliveredUnit
	for _, node := range ms.spec.With(cluster.RoleEtcd) {
		m := ms.of[node.Name]
		content, err := artifact.ReadAll(m.unit.Content)
		if err != nil {
			ms.t.Fatal(err)
		}
		units = append(units, UnitFacts(node.Name, content, m.empty(LogDir)))
	}
	return units
}
