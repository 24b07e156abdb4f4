package crash

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hardway/cluster"
	"hardway/lab"
)

// stage is where points of one slot are tried: hosts with addresses of their own, and the state that each point starts
// from. The addresses are in certificates, so a state belongs to its stage.
type stage struct {
	addresses []string
	// want is what stands on each host after a run that nothing happened to.
	want map[string]tree
	// dir holds the state: the hosts' disks in lab/, the work directory in work/.
	dir string
}

const sshPort = 2222

// hosts is those of a stage: one with all that a host can have, and two with little, which makes for fewer points.
var hosts = []struct {
	name  string
	roles []cluster.Role
}{
	{"kmaster1", []cluster.Role{cluster.RoleEtcd, cluster.RoleControlPlane}},
	{"etcd2", []cluster.Role{cluster.RoleEtcd}},
	{"etcd3", []cluster.Role{cluster.RoleEtcd}},
}

// set makes a stage for each slot; prepare leads to the state.
func set(t *testing.T, slots int, prepare func(*running) error) []stage {
	t.Helper()
	var stages []stage
	for slot := range slots {
		addresses, err := lab.FreeAddresses(len(hosts)+1, rand.Reader, sshPort, 2379, 2380, 2381)
		must(t, err)
		dir, err := os.MkdirTemp(scratch, fmt.Sprintf("stage%d-", slot))
		must(t, err)
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		s := stage{addresses: addresses, dir: dir}
		must(t, os.Mkdir(filepath.Join(dir, "work"), 0o755))
		r, err := s.start(dir)
		must(t, err)
		spec, err := s.spec().YAML()
		must(t, err)
		err = errors.Join(os.WriteFile(filepath.Join(r.work, "cluster.yaml"), spec, 0o600),
			os.WriteFile(filepath.Join(r.work, "known_hosts"), r.KnownHosts(), 0o600))
		if err == nil {
			err = prepare(r)
		}
		must(t, errors.Join(err, r.Close()))
		stages = append(stages, s)
	}
	return stages
}

func (s stage) spec() lab.Spec {
	spec := lab.Spec{
		Name: "crash", Endpoint: s.addresses[len(hosts)], Port: sshPort, IdentityFile: s.key(),
		More: []string{"pki: {}", "rollout: {gateTimeout: 60s}"}, SSH: []string{"timeout: 10s"},
	}
	for i, h := range hosts {
		spec.Hosts = append(spec.Hosts, lab.Host{Name: h.name, Address: s.addresses[i], Roles: h.roles})
	}
	return spec
}

// key is the operator's, which all points of the stage use.
func (s stage) key() string { return filepath.Join(s.dir, "id_ed25519") }

// running is a stage, or a copy of one for a point, whose hosts run.
type running struct {
	*lab.Lab
	work      string
	addresses []string
	// unchanged: the crash came before anything was changed, and nothing was rerun.
	unchanged bool
}

// start boots the hosts that stand in a directory.
func (s stage) start(dir string) (*running, error) {
	o := lab.Options{Dir: filepath.Join(dir, "lab"), Port: sshPort, ClientKey: s.key(), Hosts: s.spec().Hosts}
	var l *lab.Lab
	var err error
	// A program that the other slot is just starting holds the sockets of this one until it is exec'ed.
	for range 50 {
		if l, err = lab.Start(context.Background(), o); !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return &running{Lab: l, work: filepath.Join(dir, "work"), addresses: s.addresses[:len(hosts)]}, err
}

// copied boots a copy of the stage.
func (s stage) copied(dir string) (*running, error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	for _, part := range []string{"lab", "work"} {
		if err := copyTree(filepath.Join(dir, part), filepath.Join(s.dir, part)); err != nil {
			return nil, err
		}
	}
	return s.start(dir)
}

// do runs commands of hardway.
func (r *running) do(commands ...string) error {
	for _, c := range commands {
		if _, err := hardway(r.work, strings.Fields(c)...); err != nil {
			return err
		}
	}
	return nil
}

// settled waits until the hosts are done with what a client asked that is gone.
func (r *running) settled() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return r.Settle(ctx)
}

// delivered is where hardway writes on hosts; what programs write there is not its own.
var delivered = []string{"etc/etcd", "etc/kubernetes", "etc/systemd", "etc/sysusers.d", "usr/lib/sysusers.d", "usr/local/bin", "var/lib/hardway", "run/hardway"}

// look is what stands on each host.
func (r *running) look() (map[string]tree, error) {
	seen := map[string]tree{}
	for _, h := range hosts {
		t, err := lookAt(r.Root(h.name), delivered...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", h.name, err)
		}
		seen[h.name] = t
	}
	return seen, nil
}

// edit replaces text in the spec.
func (r *running) edit(old, by string) error {
	return edit(filepath.Join(r.work, "cluster.yaml"), old, by)
}

// reloaded is an error for each unit whose definition systemd has not read.
func (r *running) reloaded() error {
	var errs []error
	for _, row := range r.Status() {
		if row.Unit == "" {
			continue
		}
		unit, err := r.Unit(row.Host, row.Unit)
		if err == nil && unit.NeedReload {
			err = fmt.Errorf("%s: systemd has not read %s", row.Host, row.Unit)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// packets is how many have gone to and from each host so far.
func (r *running) packets() map[string]int {
	seen := map[string]int{}
	for _, h := range hosts {
		seen[h.name], _ = r.Packets(h.name)
	}
	return seen
}
