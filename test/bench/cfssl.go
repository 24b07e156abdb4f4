package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hardway/pki"
)

// cfssl issues the set with cfssl and cfssljson in a shell loop: one pipeline per certificate.
func cfssl(ctx context.Context, dir string) (time.Duration, error) {
	spec, err := workDir(dir, workers)
	if err != nil {
		return 0, err
	}
	script := script{dir: dir}
	script.writeJSON("config.json", cfsslConfig())
	for _, a := range pki.Authorities() {
		script.writeJSON(a.Base+".json", cfsslRequest{CN: a.CN, Key: cfsslKey{"ecdsa", 256}})
		script.add("cfssl gencert -initca %s.json | cfssljson -bare %s", a.Base, a.Base)
	}
	for _, r := range pki.Catalogue(spec) {
		name := flat(r)
		request := cfsslRequest{CN: r.CN, Key: cfsslKey{"ecdsa", 256}, Hosts: r.SANs()}
		if r.O != "" {
			request.Names = []map[string]string{{"O": r.O}}
		}
		script.writeJSON(name+".json", request)
		ca := base(r.Authority)
		script.add("cfssl gencert -ca %s.pem -ca-key %s-key.pem -config config.json -profile %s %s.json | cfssljson -bare %s", ca, ca, r.Usage, name, name)
	}
	return script.run(ctx, "*-key.pem", len(pki.Authorities())+len(pki.Catalogue(spec)))
}

type cfsslRequest struct {
	CN    string              `json:"CN"`
	Key   cfsslKey            `json:"key"`
	Hosts []string            `json:"hosts,omitempty"`
	Names []map[string]string `json:"names,omitempty"`
}

type cfsslKey struct {
	Algo string `json:"algo"`
	Size int    `json:"size"`
}

type cfsslProfile struct {
	Expiry string   `json:"expiry"`
	Usages []string `json:"usages"`
}

func cfsslConfig() any {
	profile := func(usages ...string) cfsslProfile {
		return cfsslProfile{"8760h", append([]string{"digital signature"}, usages...)}
	}
	return map[string]any{"signing": map[string]any{"profiles": map[pki.Usage]cfsslProfile{
		pki.UsageClient: profile("client auth"), pki.UsageServer: profile("server auth"), pki.UsagePeer: profile("server auth", "client auth"),
	}}}
}

// flat is a leaf's name without a directory.
func flat(r pki.Request) string { return strings.ReplaceAll(r.ID(), "/", "-") }

// base is the file name of an authority.
func base(authority string) string {
	for _, a := range pki.Authorities() {
		if a.Name == authority {
			return a.Base
		}
	}
	return authority
}

// script is a shell script in the making, with the files it reads.
type script struct {
	dir   string
	lines []string
	err   error
}

func (s *script) add(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

func (s *script) write(name string, data []byte) {
	if s.err == nil {
		s.err = os.WriteFile(filepath.Join(s.dir, name), data, 0o600)
	}
}

func (s *script) writeJSON(name string, value any) {
	data, err := json.Marshal(value)
	if err != nil && s.err == nil {
		s.err = err
	}
	s.write(name, data)
}

// run times the script and makes sure that it left as many files of a pattern as it should.
func (s *script) run(ctx context.Context, pattern string, want int) (time.Duration, error) {
	if s.err != nil {
		return 0, s.err
	}
	took, err := timed(ctx, s.dir, nil, "sh", "-ec", strings.Join(s.lines, "\n"))
	if err != nil {
		return 0, err
	}
	made, err := filepath.Glob(filepath.Join(s.dir, pattern))
	if err == nil && len(made) != want {
		err = fmt.Errorf("%d files %s were made, want %d", len(made), pattern, want)
	}
	return took, err
}
