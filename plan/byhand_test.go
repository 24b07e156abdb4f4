package plan_test

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/plan"
)

// everyStep is the names of all steps, in their order.
func everyStep() []string {
	var names []string
	for _, s := range plan.Steps(&plan.Env{}) {
		names = append(names, s.Name())
	}
	return names
}

func environment(dir string, spec *cluster.Spec) *plan.Env {
	return &plan.Env{Work: artifact.OpenWorkDir(dir), Spec: spec, Now: time.Now, Rand: rand.Reader}
}

func stepNamed(t *testing.T, e *plan.Env, name string) plan.Step {
	t.Helper()
	for _, s := range plan.Steps(e) {
		if s.Name() == name {
			return s
		}
	}
	t.Fatalf("there is no step %q", name)
	return plan.Step{}
}

// explained is what `hardway explain` prints of the steps; it reads nothing of a work directory.
func explained(t *testing.T, spec *cluster.Spec, script bool, names ...string) string {
	t.Helper()
	e := &plan.Env{Spec: spec}
	var steps []plan.Step
	for _, name := range names {
		steps = append(steps, stepNamed(t, e, name))
	}
	action, err := plan.Explain(e, steps, script).Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(action.Report.Notes, "\n") + "\n"
}

// byHand runs the printed script of the steps in a work directory, as a person would: with bash, and the real tools.
func byHand(t *testing.T, dir string, spec *cluster.Spec, names ...string) {
	t.Helper()
	for _, tool := range []string{"bash", "openssl", "kubectl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%v; `make tools` installs what the tests need", err)
		}
	}
	script := filepath.Join(t.TempDir(), "by-hand.sh")
	if err := os.WriteFile(script, []byte(explained(t, spec, true, names...)), 0o600); err != nil {
		t.Fatal(err)
	}
	shell(t, dir, script)
}

func shell(t *testing.T, dir, script string, env ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", script)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the script failed: %v\n%s", err, out)
	}
	return string(out)
}

// byHardway runs hardway's own steps in a work directory.
func byHardway(t *testing.T, dir string, spec *cluster.Spec, names ...string) []plan.Report {
	t.Helper()
	e := environment(dir, spec)
	var reports []plan.Report
	for _, name := range names {
		report, err := e.Execute(t.Context(), stepNamed(t, e, name), false)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		reports = append(reports, report)
	}
	return reports
}

func read(t *testing.T, dir, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
