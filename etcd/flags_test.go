package etcd

import (
	"flag"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/etcd/server/v3/embed"

	"hardway/artifact"
)

// The server module that the tests are built with is 3.6: its own configuration takes every flag and validates the whole.
func TestEtcdsOwnConfigurationTakesTheFlags(t *testing.T) {
	for i, node := range three().Hosts {
		words := commandOf(t, "v3.6.16", i)
		config := embed.NewConfig()
		flags := flag.NewFlagSet("etcd", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		config.AddFlags(flags)
		if err := flags.Parse(words[1:]); err != nil {
			t.Fatalf("etcd refuses a flag: %v", err)
		}
		if flags.NArg() > 0 {
			t.Fatalf("etcd takes %q for no flag", flags.Args())
		}
		config.LogOutputs = []string{"/dev/null"}
		if err := config.Validate(); err != nil {
			t.Errorf("etcd refuses the configuration: %v", err)
		}
		if config.Name != node.Name || config.Dir != DataDir || !config.ClientTLSInfo.ClientCertAuth || !config.PeerTLSInfo.ClientCertAuth {
			t.Errorf("etcd reads name %q, data directory %q, client and peer certificates asked for: %v, %v",
				config.Name, config.Dir, config.ClientTLSInfo.ClientCertAuth, config.PeerTLSInfo.ClientCertAuth)
		}
	}
}

// Other minor versions are held against the list of their flags.
func TestFlagsAreKnownToTheirVersion(t *testing.T) {
	for version, list := range map[string]string{"v3.5.30": "testdata/flags-3.5.txt", "v3.7.3": "testdata/flags-3.7.txt"} {
		data, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		known := strings.Fields(string(data))
		for _, word := range commandOf(t, version, 0)[1:] {
			name, _, _ := strings.Cut(strings.TrimPrefix(word, "--"), "=")
			if !slices.Contains(known, name) {
				t.Errorf("etcd %s does not know --%s", version, name)
			}
		}
	}
}

func TestTheInitialStateIsNeverOnTheCommandLine(t *testing.T) {
	for _, version := range supported() {
		spec := three()
		spec.Etcd.Version = version
		unit := unitOf(t, version, 0)
		words, environment := command(t, unit)
		if strings.Contains(strings.Join(words, " "), "initial-cluster-state") {
			t.Errorf("%s: the command line carries the initial cluster state", version)
		}
		if !slices.Contains(environment, "ETCD_INITIAL_CLUSTER_STATE=existing") {
			t.Errorf("%s: the environment is %q, want the state existing", version, environment)
		}
		if strings.Contains(string(content(t, unit)), "STATE=new") {
			t.Errorf("%s: the unit can begin a cluster by itself", version)
		}
	}
}

// Every path in an emitted flag has its row of Reads, and every row is named by the unit. The data directory is no file
// that anybody delivers.
func TestEveryPathOfAFlagIsInReads(t *testing.T) {
	for _, version := range supported() {
		spec := three()
		spec.Etcd.Version = version
		words, _ := command(t, unitOf(t, version, 0))
		named := map[string]bool{words[0]: true}
		for _, word := range words[1:] {
			if _, value, _ := strings.Cut(word, "="); strings.HasPrefix(value, "/") && value != DataDir {
				named[value] = true
			}
		}
		read := map[string]bool{}
		for _, r := range Reads(spec, spec.Hosts[0]) {
			read[r.Path] = true
			if r.Unit != Unit || r.Use == "" || r.Effect == "" || !named[r.Path] {
				t.Errorf("%s: the row %+v is of no flag, or incomplete", version, r)
			}
		}
		for path := range named {
			if !read[path] {
				t.Errorf("%s: %s is in the command line and not in Reads", version, path)
			}
		}
	}
}

// Authorities are read at start, pairs at every handshake.
func TestEffects(t *testing.T) {
	spec := three()
	for _, r := range Reads(spec, spec.Hosts[0]) {
		want := artifact.Hot
		if r.Path == Binary || strings.HasSuffix(r.Path, "/ca-bundle.crt") {
			want = artifact.Restart
		}
		if r.Effect != want {
			t.Errorf("a change of %s takes effect by %s, want %s", r.Path, r.Effect, want)
		}
	}
}

func commandOf(t *testing.T, version string, host int) []string {
	t.Helper()
	words, _ := command(t, unitOf(t, version, host))
	return words
}

func unitOf(t *testing.T, version string, host int) artifact.File {
	t.Helper()
	spec := three()
	spec.Etcd.Version = version
	return find(t, rendered(t, spec, spec.Hosts[host], issued(t, spec)), artifact.UnitDir+"/"+Unit)
}
