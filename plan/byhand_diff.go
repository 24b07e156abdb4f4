package plan

import (
	"fmt"
	"strings"

	"hardway/artifact"
	"hardway/cluster"
)

// diffByHand only looks.
func diffByHand(spec *cluster.Spec) []Command {
	return perDelivery(spec, func(d delivery) []Command {
		return []Command{
			d.here("files whose bytes are not what they should be; of secrets only hashes travel",
				d.compare(func(there string) string { return there })+" || echo "+quote(d.node.Name+": files differ")),
			d.here("modes and owners, - as they are, + as they should be", d.compareOwners()),
			d.on("units that do not run, or run on something older than what stands there", staleUnits(unitsOf(d.files))),
		}
	})
}

// compare has the node hold what stands there against the digests of what should; place says where to look for a path.
func (d delivery) compare(place func(string) string) string {
	var pairs []string
	for _, f := range d.plain() {
		pairs = append(pairs, place(f.Path)+" "+d.local(f))
	}
	list := []string{"{", heredoc("cat", lines(pairs...))}
	for _, e := range d.executables {
		list = append(list, e.each(`echo "`+place(e.there())+` $file"`))
	}
	return lines(append(list,
		`} | while read -r there here; do echo "$(sha256sum <"$here" | cut -c-64)  $there"; done |`,
		"  "+d.pipe("sha256sum --check --quiet -"))...)
}

func (d delivery) compareOwners() string {
	var want, paths []string
	for _, f := range d.files {
		want = append(want, fmt.Sprintf("%o %s %s", f.Mode.Perm(), f.OwnerOrRoot(), f.Path))
		paths = append(paths, f.Path)
	}
	seen := d.run(`stat -c "%a %U:%G %n" ` + strings.Join(paths, " "))
	return lines(
		heredoc("if ! diff -U0 <("+seen+") -", lines(want...)),
		"then echo "+quote(d.node.Name+": modes or owners differ"),
		"fi")
}

// staleUnits compares the inputs that each process was started with to those in its unit or drop-in.
func staleUnits(units []string) string {
	return lines(
		"for unit in "+strings.Join(units, " ")+"; do",
		`  pid=$(systemctl show -p MainPID --value "$unit")`,
		fmt.Sprintf(`  inputs=$(tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | sed -n 's/^%s=//p')`, artifact.InputsVariable),
		fmt.Sprintf(`  cat %s/"$unit" %s/"$unit".d/*.conf 2>/dev/null | grep -q "^Environment=%s=${inputs:-none}$" ||`, artifact.UnitDir, artifact.UnitDir, artifact.InputsVariable),
		`    echo "$unit: start or restart"`,
		"done")
}
