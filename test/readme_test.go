package test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"hardway/cluster"
	"hardway/pki"
)

var record = flag.Bool("record", false, "record what is generated anew; the run fails, so that it cannot be left on")

// The table of certificates in the README is generated from the catalogue, for the spec that `hardway init` writes.
func TestReadmeShowsTheCertificatesOfTheCatalogue(t *testing.T) {
	const file, begin, end = "../README.md", "<!-- certificates: ", "<!-- /certificates -->"
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
	spec, err := cluster.Parse(cluster.Template(), "cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := pki.MarkdownTable(spec)
	if got == want {
		return
	}
	if *record {
		if err := os.WriteFile(file, []byte(head+begin+comment+"\n"+want+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Fatal("recorded; run again without -record")
	}
	t.Errorf("%s shows another table than the catalogue gives: go test ./test -run Readme -record", file)
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
