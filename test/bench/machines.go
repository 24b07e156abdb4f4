package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"hardway/cluster"
)

//go:embed bare.sh
var bareScript []byte

// machinesHosts is three masters, a balancer and a worker; machinesRounds how often they are built.
const (
	machinesHosts  = "5"
	machinesRounds = 3
)

// The longest that `up` may take until every node is Ready, and the memory that it may use, in MB.
const (
	mostUp       = 45 * time.Second
	mostUpMemory = 100
)

// addonsVariable names the directory with images and CNI plugins: see test/kubernetes/addons.
const addonsVariable = "HARDWAY_ADDONS"

// town is machines that are made anew for each run.
type town struct {
	*bench
	// took is how long ours took, and memory its largest resident set in MB, in each round.
	took   []time.Duration
	memory float64
}

// machines is `up` on containers with the real systemd, against a bare script.
func machines(ctx context.Context, b *bench) ([]row, error) {
	short := *b
	short.rounds = min(b.rounds, machinesRounds)
	t := &town{bench: &short}
	rows, err := short.race(ctx,
		[]contestant{{name: "up on 5 machines", run: t.up}, {name: "bare script on 5 machines", run: t.bare}},
		[]matchup{{"B6 `up` on 5 machines until nodes are Ready : a bare script", "up on 5 machines", "bare script on 5 machines", atMost(1.5)}})
	if err != nil {
		return nil, err
	}
	longest, memory := atMost(mostUp.Seconds()), atMost(mostUpMemory)
	took := times(t.took[1:]).median()
	return append(rows, row{
		name: "B6 `up` on 5 machines until nodes are Ready : seconds", ours: rounded(took), other: "-", ratio: "-",
		target: longest.String() + " s", met: longest.met(took.Seconds()),
	}, row{
		name: "B6 `up` on 5 machines : peak memory", ours: fmt.Sprintf("%.0f MB", t.memory), other: "-", ratio: "-",
		target: memory.String() + " MB", met: memory.met(t.memory),
	}), nil
}

// up is hardway on new machines, from the spec alone.
func (t *town) up(ctx context.Context, dir string) (took time.Duration, err error) {
	v, err := t.village(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, v.end(context.WithoutCancel(ctx))) }()
	began := time.Now()
	run, _, err := measureIn(ctx, v.work, t.hardway, "up")
	if err == nil {
		err = v.ready(ctx)
	}
	took = time.Since(began)
	t.took, t.memory = append(t.took, took), max(t.memory, run.megabytes)
	return took, err
}

// bare is the script on new machines. What it copies is made before the clock starts.
func (t *town) bare(ctx context.Context, dir string) (took time.Duration, err error) {
	v, err := t.village(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, v.end(context.WithoutCancel(ctx))) }()
	script := filepath.Join(dir, "bare.sh")
	if err := errors.Join(os.WriteFile(script, bareScript, 0o755), v.pack(ctx)); err != nil {
		return 0, err
	}
	began := time.Now()
	_, err = timed(ctx, v.work, v.kubectlEnv(), script, v.work, v.addresses(cluster.RoleControlPlane), v.addresses(cluster.RoleLoadBalancer), v.addresses(cluster.RoleWorker))
	if err == nil {
		err = v.ready(ctx)
	}
	return time.Since(began), err
}

// village is five machines with nothing of a cluster on them, and a work directory.
type village struct {
	*bench
	lab, work string
	spec      *cluster.Spec
}

func (t *town) village(ctx context.Context, dir string) (*village, error) {
	v := &village{bench: t.bench, lab: filepath.Join(filepath.Dir(t.hardway), "hardway-lab"), work: filepath.Join(dir, "lab")}
	addons := os.Getenv(addonsVariable)
	if addons == "" {
		return nil, fmt.Errorf("%s is not set: run `make bench`", addonsVariable)
	}
	_, err := timed(ctx, "", nil, v.lab, "up", "--driver", "container", "--hosts", machinesHosts, "--dir", v.work,
		"--images", filepath.Join(addons, "images.tar"), "--cache", filepath.Join(filepath.Dir(t.dir), "lab"))
	if err != nil {
		return nil, err
	}
	if err := v.provide(addons); err != nil {
		return nil, errors.Join(err, v.end(ctx))
	}
	file := filepath.Join(v.work, "cluster.yaml")
	data, err := os.ReadFile(file)
	if err == nil {
		v.spec, err = cluster.Parse(data, file)
	}
	return v, err
}

// provide puts Kubernetes, etcd and the CNI plugins into the work directory.
func (v *village) provide(addons string) error {
	program, err := exec.LookPath("kube-apiserver")
	if err != nil {
		return err
	}
	bin := filepath.Join(v.work, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	programs, err := filepath.Glob(filepath.Join(filepath.Dir(program), "*"))
	for _, file := range append(programs, filepath.Join(addons, "cni")) {
		err = errors.Join(err, os.Symlink(file, filepath.Join(bin, filepath.Base(file))))
	}
	return err
}

func (v *village) end(ctx context.Context) error {
	_, err := timed(ctx, "", nil, v.lab, "down", "--purge", "--dir", v.work)
	return err
}

// addresses is those of hosts with a role, as words.
func (v *village) addresses(role cluster.Role) string {
	var all []string
	for _, n := range v.spec.With(role) {
		all = append(all, n.PrimaryAddress())
	}
	return strings.Join(all, " ")
}

func (v *village) kubectlEnv() []string {
	return []string{"KUBECONFIG=" + filepath.Join(v.work, "kubeconfig", "super-admin.kubeconfig"), "HOME=" + v.work}
}

// ready waits until every API server is ready and every node Ready.
func (v *village) ready(ctx context.Context) error {
	for _, n := range v.spec.With(cluster.RoleControlPlane) {
		if err := v.says(ctx, "ok", "--server=https://"+n.PrimaryAddress()+":6443", "get", "--raw", "/readyz"); err != nil {
			return err
		}
	}
	return v.says(ctx, strings.TrimSpace(strings.Repeat("True ", len(v.spec.Kubelets()))),
		"get", "nodes", "-o", `jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}`)
}

// says waits until kubectl prints something.
func (v *village) says(ctx context.Context, want string, args ...string) error {
	const patience = 2 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		command := exec.CommandContext(ctx, "kubectl", args...)
		command.Env = append(os.Environ(), v.kubectlEnv()...)
		out, err := command.Output()
		if err == nil && string(out) == want {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("kubectl %s: says %q, want %q: %w", strings.Join(args, " "), out, want, errors.Join(err, ctx.Err()))
		case <-time.After(100 * time.Millisecond):
		}
	}
}
