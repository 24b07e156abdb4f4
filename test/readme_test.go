package test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"hardway/check"
	"hardway/cluster"
	"hardway/pki"
	"hardway/test/sample"
)

var record = flag.Bool("record", false, "record what is generated anew; the run fails, so that it cannot be left on")

// The table of certificates in the README is generated from the catalogue, for the spec that `hardway init` writes.
func TestReadmeShowsTheCertificatesOfTheCatalogue(t *testing.T) {
	spec, err := cluster.Parse(cluster.Template(), "cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	shows(t, "../README.md", "certificates", pki.MarkdownTable(spec))
}

// The tables of the page about preflight are generated from those that it runs on.
func TestReadmeOfPreflightShowsItsChecksAndPorts(t *testing.T) {
	shows(t, "../docs/preflight.md", "checks", check.ChecksTable())
	shows(t, "../docs/preflight.md", "ports", check.PortsTable(sample.Spec(t)))
}

func TestReadmeOfVerifyShowsItsChecks(t *testing.T) {
	shows(t, "../docs/verify.md", "checks", check.LiveTable())
}

// shows holds that a table stands in a file between two comments of its name.
func shows(t *testing.T, file, name, want string) {
	t.Helper()
	begin, end := "<!-- "+name+": ", "<!-- /"+name+" -->"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(data), begin)
	comment, rest, _ := strings.Cut(rest, "\n")
	got, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table between %q and %q", file, begin, end)
	}
	if got == want {
		return
	}
	if *record {
		if err := os.WriteFile(file, []byte(head+begin+comment+"\n"+want+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Error("recorded; run again without -record")
		return
	}
	t.Errorf("%s shows another table of %s than the code gives: go test ./test -run Readme -record", file, name)
}

func TestReadmeShowsTheCommandsOfTheMakefile(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"demo", "test"} {
		if !strings.Contains(string(readme), "make "+target) || !strings.Contains(string(makefile), "\n"+target+":") {
			t.Errorf("make %s is not in both README.md and Makefile", target)
		}
	}
}
