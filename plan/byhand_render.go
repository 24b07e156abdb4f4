package plan

import (
	"fmt"
	"path"
	"strings"

	"hardway/artifact"
	"hardway/binaries"
	"hardway/cluster"
	"hardway/haproxy"
	"hardway/pki"
)

// inputsHash stands in a unit for the hash of what it reads only at its start.
const inputsHash = "@INPUTS@"

// renderByHand writes the trees of hosts/: the same files as hardway, but for .manifest.json, which only hardway reads.
func renderByHand(component string) func(*cluster.Spec) []Command {
	return func(spec *cluster.Spec) []Command {
		var commands []Command
		if (component == "haproxy" || component == "all") && len(spec.With(cluster.RoleLoadBalancer)) > 0 {
			commands = append(commands, statsSecrets())
		}
		if component == "manifests" || component == "all" {
			commands = append(commands, manifestsByHand(spec)...)
		}
		if component == "manifests" {
			return commands
		}
		return append(commands, perNode(spec.Hosts, func(n cluster.Node) []Command {
			list, err := outlines(spec, n, component)
			if err != nil {
				return unexplained("hosts/"+n.Name, err)
			}
			var out []Command
			for _, o := range list {
				out = append(out, o.render(spec)...)
			}
			return out
		})...)
	}
}

func (o outline) render(spec *cluster.Spec) []Command {
	var commands []Command
	if copies := o.copies(); len(copies) > 0 {
		commands = append(commands, Command{
			Says: fmt.Sprintf("%s, %s: certificates stand in its tree as they will on the host; keys stay in pki/, so that hosts/ can be shown to anybody", o.node.Name, o.name),
			Line: lines(copies...),
		})
	}
	for _, f := range o.files {
		if f.Content != nil {
			commands = append(commands, o.written(f))
		}
	}
	for _, s := range o.services {
		commands = append(commands, o.unit(spec, s))
	}
	return commands
}

// copies puts certificates into the tree. A signer's file is cut to its first certificate: kube-controller-manager
// refuses one with more.
func (o outline) copies() []string {
	var copies []string
	for _, f := range o.files {
		if f.IsDir() || f.Secret || f.Source == "" {
			continue
		}
		to := local(o.node, f)
		if f.Path == pki.Cert(pki.KubernetesDir, "ca") {
			copies = append(copies, "openssl x509 -in "+quote(f.Source)+" -out "+quote(to))
			continue
		}
		copies = append(copies, "install -D -m 0644 "+quoteAll([]string{f.Source, to}))
	}
	return copies
}

func (o outline) written(f artifact.File) Command {
	text, err := artifact.ReadAll(f.Content)
	if err != nil {
		return unexplained(f.Path, err)[0]
	}
	to := local(o.node, f)
	says := fmt.Sprintf("%s: %s, %s %04o there", o.node.Name, f.Path, f.OwnerOrRoot(), f.Mode.Perm())
	if strings.Contains(string(text), statsHash) {
		return Command{Says: says + "; of the password of the stats page it holds only the hash", Line: lines(
			`stats_hash=$(`+statsPassword("statsPassword")+` | openssl passwd -6 -stdin -salt "rounds=1000\$$(`+statsPassword("statsSalt")+`)")`,
			"mkdir -p "+quote(path.Dir(to)),
			heredoc(`sed "s|`+statsHash+`|$stats_hash|" >`+quote(to), string(text)))}
	}
	return Command{Says: says, Line: lines("mkdir -p "+quote(path.Dir(to)), heredoc("cat >"+quote(to), string(text)))}
}

// statsSecrets is 32 random bytes for the password and 12 for the salt, both in characters that need no quoting there.
func statsSecrets() Command {
	text := `apiVersion: hardway/v1alpha1
haproxy:
  statsPassword: "@PASSWORD@"
  statsSalt: "@SALT@"
kind: Secrets
`
	return Command{
		Says: "the password of the balancers' stats page, and the salt of its hash: made once, so that the same configuration is written each time",
		Line: lines("umask 077", whole(haproxy.SecretsFile, func(draft string) string {
			return expanded("cat >"+quote(draft), text, map[string]string{
				"@PASSWORD@": "head -c 32 /dev/urandom | base64 | tr +/ -_ | tr -d =",
				"@SALT@":     "head -c 12 /dev/urandom | base64 | tr + .",
			})
		})),
	}
}

func statsPassword(field string) string {
	return fmt.Sprintf(`sed -n 's/^ *%s: *//p' %s | tr -d "\"'"`, field, haproxy.SecretsFile)
}

// unit writes a unit with the hash of what its process reads only at start: its own definition, and files. Where the hash
// that a process was started with differs, it has to be restarted.
func (o outline) unit(spec *cluster.Spec, s artifact.Service) Command {
	definition, err := s.Definition()
	if err != nil {
		return unexplained(s.Name, err)[0]
	}
	text, err := s.Text(inputsHash)
	if err != nil {
		return unexplained(s.Name, err)[0]
	}
	to := path.Join(artifact.HostsDir, o.node.Name, unitPath(s))
	return Command{
		Says: fmt.Sprintf("%s: %s; %s is the hash of what it reads only at start, so that one that runs on something older is found", o.node.Name, unitPath(s), artifact.InputsVariable),
		Line: lines(
			`inputs=$(printf %s "$({`,
			"  echo "+artifact.Digest(definition),
			indent(lines(o.readAtStart(spec, s)...), "  "),
			`} | LC_ALL=C sort)" | sha256sum | cut -c-64)`,
			"mkdir -p "+quote(path.Dir(to)),
			heredoc(`sed "s/`+inputsHash+`/$inputs/" >`+quote(to), string(text))),
	}
}

// readAtStart prints the digest and the path of each file that the unit reads only at start.
func (o outline) readAtStart(spec *cluster.Spec, s artifact.Service) []string {
	sum := func(local, there string) string {
		return `echo "$(sha256sum <` + quote(local) + ` | cut -c-64) ` + there + `"`
	}
	atStart := map[string]bool{}
	for _, r := range o.reads(spec, o.node) {
		if r.Unit == s.Name && r.Effect == artifact.Restart {
			atStart[r.Path] = true
		}
	}
	var out []string
	for _, f := range o.files {
		if atStart[f.Path] && !f.IsDir() {
			out = append(out, sum(local(o.node, f), f.Path))
		}
	}
	for _, b := range o.binaries {
		if there := binaries.Path(b); atStart[there] {
			file := path.Join(spec.Binaries.Dir, b)
			out = append(out, "[ ! -e "+quote(file)+" ] || "+sum(file, there))
		}
	}
	return out
}
