package plan

import "hardway/cluster"

// rollbackByHand puts the newest generation of each host back. It looks at one generation where hardway takes all of a run,
// and it keeps nothing of what it replaces.
func rollbackByHand(spec *cluster.Spec) []Command {
	const newest = `g=$(ls -d /var/lib/hardway/generations/* | tail -n 1)`
	return perNode(spec.Hosts, func(n cluster.Node) []Command {
		h := handOn(spec, n)
		return []Command{
			h.on("what the newest generation holds: for each path what stood there, or \"absent\"", lines(newest, `cat "$g/record.json"`)),
			h.on("each file back in its place by a rename, mode and owner with it; its path is in its name", lines(
				newest,
				`for f in "$g"/*%2F*; do`,
				`  to=/$(basename "$f" | sed 's,%2F,/,g; s,%25,%,g')`,
				`  cp -a "$f" "$to.back" && mv -f "$to.back" "$to" || exit 1`,
				"done")),
			h.on("what was not there goes (jq reads the record), and systemd reads the units", lines(
				newest,
				`jq -r '.files[] | select(.absent) | .path' "$g/record.json" | xargs -r -d '\n' rm -f --`,
				"sync",
				"systemctl daemon-reload")),
			h.on("then restart what runs on something else than what stands there, one host after the other, and see that all is well before the next",
				"systemctl status etcd kube-apiserver haproxy --no-pager || true"),
		}
	})
}
