package plan

import (
	"path"
	"slices"
	"strings"

	"hardway/binaries"
	"hardway/cluster"
)

// binariesFetchByHand is, of each file of a release, the download, its checksum, and the executables that come of it.
func binariesFetchByHand(spec *cluster.Spec) []Command {
	wanted := binaries.Wanted(spec, spec.Hosts)
	var out []Command
	for len(wanted) > 0 {
		of := wanted[:1]
		if wanted[0].Archived {
			more := slices.IndexFunc(wanted, func(b binaries.Binary) bool { return b.Project != wanted[0].Project })
			if of = wanted; more > 0 {
				of = wanted[:more]
			}
		}
		out = append(out, fetchByHand(spec, of))
		wanted = wanted[len(of):]
	}
	return out
}

// fetchByHand gets one file. A checksum of Kubernetes is alone in its file; the others name the file it is of.
func fetchByHand(spec *cluster.Spec, of []binaries.Binary) Command {
	b := of[0]
	file, sums := path.Base(b.URL.Path), quote(b.Sums.Redacted())
	commands := []string{"mkdir -p " + quote(path.Join(spec.Binaries.Dir, path.Dir(b.Name))), "(", "  cd " + quote(path.Join(spec.Binaries.Dir, path.Dir(b.Name)))}
	commands = append(commands, "  curl -fL --retry 5 -C - -o "+quote(file+".partial")+" "+quote(b.URL.Redacted()))
	sum := `$(curl -fsSL ` + sums + ` | awk '$2 == "` + file + `" {print $1}')`
	if !b.Archived {
		sum = "$(curl -fsSL " + sums + ")"
	}
	commands = append(commands, `  echo "`+sum+`  `+file+`.partial" | sha256sum -c`)
	if !b.Archived {
		commands = append(commands, "  chmod 0755 "+quote(file+".partial"), "  mv "+quote(file+".partial")+" "+quote(file), ")")
		return Command{Says: b.Name + " " + b.Version + ", held against its published SHA-256", Line: lines(commands...)}
	}
	members := make([]string, len(of))
	for i, b := range of {
		members[i] = "'*/" + path.Base(b.Name) + "'"
	}
	commands = append(commands, "  tar -xzf "+quote(file+".partial")+" --no-same-owner --transform 's|.*/||' --wildcards "+strings.Join(members, " "),
		"  rm "+quote(file+".partial"), ")")
	return Command{Says: "executables of " + b.Project + " " + b.Version + " from their archive, held against its published SHA-256", Line: lines(commands...)}
}

// binariesListByHand asks the executables themselves, where this machine can run them.
func binariesListByHand(spec *cluster.Spec) []Command {
	var names []string
	for _, b := range binaries.Wanted(spec, spec.Hosts) {
		names = append(names, quote(path.Join(spec.Binaries.Dir, b.Name)))
	}
	return []Command{{
		Says: "what is there, with its SHA-256; " + spec.Binaries.Arch + " is what the hosts are",
		Line: lines("for file in "+strings.Join(names, " ")+"; do", `  if [ -s "$file" ]; then sha256sum "$file"; else echo "$file is missing"; fi`, "done"),
	}, {
		Says: "which version each was built as: Kubernetes " + spec.Kubernetes.Version + ", etcd " + spec.Etcd.Version + ", CNI plugins " + spec.Binaries.CNIVersion,
		Line: lines("for file in "+strings.Join(names, " ")+"; do", `  [ ! -s "$file" ] || go version -m "$file" 2>/dev/null | awk -v file="$file" '$1 == "mod" {print file, $2, $3}' || true`, "done"),
	}}
}
