//go:build e2e

package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hardway/cluster"
)

// preparation is how the README's story of the lab begins: what the tests' own lab has done already.
const preparation = "make lab\ncd .lab\nexport PATH=$PWD/../bin:$PWD/bin:$PATH\n"

// readmeWorker is the first worker of the lab that `make lab` makes; labs of tests have networks of their own.
const readmeWorker = "172.31.240.21"

// readmeIsTrue types what the README shows of the lab, line by line, in the shell that a person has.
func readmeIsTrue(t *testing.T, m *machines) {
	story, ok := strings.CutPrefix(labStory(t), preparation)
	if !ok {
		t.Fatalf("the README's story of the lab begins otherwise than\n%s", preparation)
	}
	worker := m.spec.With(cluster.RoleWorker)[0].PrimaryAddress()
	story = strings.ReplaceAll(story, readmeWorker, worker)
	// A person waits a moment for the first figures of a node.
	story = strings.ReplaceAll(story, "kubectl top nodes", "for i in $(seq 30); do kubectl top nodes && break; sleep 2; done")
	shell := exec.CommandContext(t.Context(), "bash", "-euxo", "pipefail", "-c", story)
	shell.Dir = m.work
	shell.Env = append(os.Environ(), "HOME="+m.work, "SSH_AUTH_SOCK=", "PATH="+filepath.Dir(hardwayBinary)+":"+filepath.Join(m.work, "bin")+":"+os.Getenv("PATH"))
	out, err := shell.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("what the README shows ends with %v", err)
	}
	for _, n := range m.spec.Kubelets() {
		if strings.Count(string(out), "\n"+n.Name+" ") < 2 { // its state, and its usage
			t.Errorf("%s is not among the nodes", n.Name)
		}
	}
}

// labStory is the first commands below the README's title of the lab, up to an empty line, without their comments.
func labStory(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../README.md")
	must(t, err)
	_, section, ok := strings.Cut(string(data), "\n## A lab of machines\n")
	_, section, ok2 := strings.Cut(section, "\n\n    ")
	if !ok || !ok2 {
		t.Fatal("the README has no lab of machines")
	}
	block, _, _ := strings.Cut(section, "\n\n")
	var story strings.Builder
	for line := range strings.Lines(block) {
		command, _, _ := strings.Cut(line, "  #")
		story.WriteString(strings.TrimSpace(command) + "\n")
	}
	return story.String()
}
