package controlplane

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/test/golden"
)

// inputsHash depends on keys, which are new in every run.
var inputsHash = regexp.MustCompile(artifact.InputsVariable + "=[0-9a-f]{64}")

// TestGolden holds everything of a master that is no certificate, and who reads what, for each minor version.
func TestGolden(t *testing.T) {
	m := newMaster(t)
	for _, v := range versions() {
		t.Run(v, func(t *testing.T) {
			m.spec.Kubernetes.Version = v
			got := map[string][]byte{"reads.txt": []byte(table(Reads(m.spec, m.node)))}
			for _, f := range m.files(t) {
				if f.IsDir() || f.Source != "" || f.Mode != 0o600 {
					continue
				}
				got[strings.TrimPrefix(f.Path, "/")] = inputsHash.ReplaceAll([]byte(content(t, f)), []byte(artifact.InputsVariable+"=(hash)"))
			}
			golden.CheckTree(t, path.Join("golden", v), got)
		})
	}
}

func table(reads []artifact.Read) string {
	var out strings.Builder
	for _, r := range reads {
		fmt.Fprintf(&out, "%s %s %s %s %s\n", strings.TrimSuffix(r.Unit, ".service"), r.Path, r.Use, r.Effect, r.Peer)
	}
	return out.String()
}
