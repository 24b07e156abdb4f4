package test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hardway/cluster"
	"hardway/controlplane"
	"hardway/lab"
	"hardway/plan"
	"hardway/remote"
	"hardway/rollout"
)

// hardwayBinary is the program under test, built once from this checkout.
var hardwayBinary string

func TestMain(m *testing.M) {
	if lab.RunAsTool(os.Args) {
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "hardway-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	hardwayBinary = filepath.Join(dir, "hardway")
	build := exec.Command("go", "build", "-o", hardwayBinary, "hardway/cmd/hardway")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "failed to build hardway:", err)
		return 1
	}
	return m.Run()
}

// rehearsal is three masters of the lab and a work directory for them.
type rehearsal struct {
	*lab.Lab
	t    *testing.T
	work string
	spec *cluster.Spec
}

const sshPort = 2222

func rehearse(t *testing.T) *rehearsal {
	t.Helper()
	return rehearseWith(t, 3)
}

// rehearseWith is a rehearsal with so many masters.
func rehearseWith(t *testing.T, masters int) *rehearsal {
	t.Helper()
	r, _ := rehearseSpare(t, masters, 0)
	return r
}

// rehearseSpare is a rehearsal with machines besides, which have no role and so are not in the spec: spare1 and so on.
func rehearseSpare(t *testing.T, masters, spares int) (*rehearsal, []lab.Host) {
	t.Helper()
	addresses, err := lab.FreeAddresses(masters+spares+1, rand.Reader, sshPort)
	if err != nil {
		t.Fatal(err)
	}
	hosts := mastersAt(addresses[:masters])
	for i, a := range addresses[masters+1:] {
		hosts = append(hosts, lab.Host{Name: fmt.Sprintf("spare%d", i+1), Address: a})
	}
	return rehearseOn(t, hosts, addresses[masters], ""), hosts[masters:]
}

func mastersAt(addresses []string) []lab.Host {
	var hosts []lab.Host
	for i, a := range addresses {
		hosts = append(hosts, lab.Host{Name: fmt.Sprintf("kmaster%d", i+1), Address: a, Roles: []cluster.Role{cluster.RoleEtcd, cluster.RoleControlPlane}})
	}
	return hosts
}

// rehearseOn is a rehearsal on these hosts. They find what stands in binDir besides etcd; more is further lines of the spec.
func rehearseOn(t *testing.T, on []lab.Host, endpoint, binDir string, more ...string) *rehearsal {
	t.Helper()
	hosts, err := lab.Start(t.Context(), lab.Options{Dir: filepath.Join(t.TempDir(), "lab"), Port: sshPort, BinDir: binDir, Hosts: on})
	must(t, err)
	t.Cleanup(func() { must(t, hosts.Close()) })
	r := &rehearsal{Lab: hosts, t: t, work: t.TempDir()}
	inSpec := slices.DeleteFunc(slices.Clone(on), func(h lab.Host) bool { return len(h.Roles) == 0 })
	text, err := lab.Spec{
		Name: "rehearsal", Endpoint: endpoint, Hosts: inSpec, Port: sshPort, IdentityFile: hosts.ClientKey(),
		More: append([]string{"rollout: {gateTimeout: 30s}"}, more...), SSH: []string{"timeout: 10s"},
	}.YAML()
	must(t, err)
	r.write("cluster.yaml", string(text))
	r.write("known_hosts", string(hosts.KnownHosts()))
	r.readSpec()
	return r
}

func (r *rehearsal) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.work, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rehearsal) readSpec() {
	r.t.Helper()
	file := filepath.Join(r.work, "cluster.yaml")
	data, err := os.ReadFile(file)
	if err != nil {
		r.t.Fatal(err)
	}
	if r.spec, err = cluster.Parse(data, file); err != nil {
		r.t.Fatal(err)
	}
}

// result is what a run of hardway gave.
type result struct {
	code        int
	out, errors string
}

// hardway runs the program in the work directory, as a person would.
func (r *rehearsal) hardway(args ...string) result {
	r.t.Helper()
	command := exec.CommandContext(r.t.Context(), hardwayBinary, args...)
	command.Dir = r.work
	command.Env = append(os.Environ(), "HOME="+r.work, "SSH_AUTH_SOCK=")
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	began := time.Now()
	_ = command.Run()
	r.t.Logf("hardway %s: exit %d after %v", strings.Join(args, " "), command.ProcessState.ExitCode(), time.Since(began).Round(time.Millisecond))
	return result{command.ProcessState.ExitCode(), out.String(), errs.String()}
}

// exits runs hardway and holds its exit code.
func (r *rehearsal) exits(code int, args ...string) result {
	r.t.Helper()
	got := r.hardway(args...)
	if got.code != code {
		r.t.Fatalf("hardway %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got.code, code, got.out, got.errors)
	}
	return got
}

// document is the one JSON document of -o json.
type document struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Items      []json.RawMessage `json:"items"`
	Problems   []cluster.Problem `json:"problems"`
	Changes    []plan.Change     `json:"changes"`
}

func (r *rehearsal) json(code int, args ...string) document {
	r.t.Helper()
	got := r.exits(code, append(args, "-o", "json")...)
	var doc document
	if err := json.Unmarshal([]byte(got.out), &doc); err != nil {
		r.t.Fatalf("hardway %s -o json: %v in %q", strings.Join(args, " "), err, got.out)
	}
	return doc
}

// skipped is what rehearsals leave out: their hosts have no Kubernetes, only etcd.
const skipped = "apply controlplane"

// differences is the rows of diff, but for the units of what is skipped: those are to start, and cannot.
func (r *rehearsal) differences() []plan.Change {
	r.t.Helper()
	skippedUnits := []string{controlplane.APIServerUnit, controlplane.ControllerManagerUnit, controlplane.SchedulerUnit}
	return slices.DeleteFunc(r.json(3, "diff").Changes, func(c plan.Change) bool { return slices.Contains(skippedUnits, c.Subject) })
}

// up brings the whole cluster up.
func (r *rehearsal) up() {
	r.t.Helper()
	r.exits(0, "up", "--skip", skipped)
}

// accounts is the files of a host that its own tools write: when users are declared, and when it is installed.
var accounts = []string{"passwd", "group", "machine-id"}

// deliveredState is the digest and mode of every file that was delivered, on every host: what the record of each host
// names, and the record itself.
func (r *rehearsal) deliveredState() map[string]string {
	r.t.Helper()
	state := map[string]string{}
	for _, n := range r.spec.Hosts {
		for _, dir := range []string{"etc", "var/lib/hardway", "run/hardway"} {
			root := filepath.Join(r.Root(n.Name), dir)
			err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
				if os.IsNotExist(err) {
					return nil
				}
				if err != nil || !d.Type().IsRegular() || slices.Contains(accounts, d.Name()) {
					return err
				}
				data, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				info, err := d.Info()
				state[path] = fmt.Sprintf("%v %x", info.Mode(), sha256.Sum256(data))
				return err
			})
			if err != nil {
				r.t.Fatal(err)
			}
		}
	}
	return state
}

// withoutGenerations is a state without what hosts keep of earlier ones: what stands there, however it came to stand.
func withoutGenerations(state map[string]string) map[string]string {
	maps.DeleteFunc(state, func(path, _ string) bool { return strings.Contains(path, rollout.GenerationsDir+"/") })
	return state
}

// etcdPIDs is the main process of each member, from the kernel's point of view.
func (r *rehearsal) etcdPIDs() map[string]int {
	r.t.Helper()
	pids := map[string]int{}
	for _, n := range r.spec.Hosts {
		unit, err := r.Unit(n.Name, "etcd.service")
		if err != nil {
			r.t.Fatal(err)
		}
		pids[n.Name] = unit.MainPID
	}
	return pids
}

// edit replaces text in cluster.yaml.
func (r *rehearsal) edit(old, replacement string) {
	r.t.Helper()
	data, err := os.ReadFile(filepath.Join(r.work, "cluster.yaml"))
	if err != nil {
		r.t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(old)) {
		r.t.Fatalf("cluster.yaml does not hold %q", old)
	}
	r.write("cluster.yaml", strings.Replace(string(data), old, replacement, 1))
	r.readSpec()
}

// systemctl asks a host's systemd for something, as a person who is logged in there would.
func (r *rehearsal) systemctl(host string, words ...string) {
	r.t.Helper()
	node, ok := r.spec.Node(host)
	if !ok {
		r.t.Fatalf("no host %s", host)
	}
	client, err := remote.NewDialer(remote.Options{SSH: r.spec.SSHFor, KnownHosts: filepath.Join(r.work, "known_hosts")}).Dial(r.t.Context(), node)
	if err != nil {
		r.t.Fatal(err)
	}
	defer client.Close()
	if err := client.Do(r.t.Context(), remote.Systemctl(words[0], words[1:]...)); err != nil {
		r.t.Fatal(err)
	}
}
