package plan

// runs knows which runs are one, because one finished what another began: rollbacks that take back the same run, and what
// went on with a commit that was cut off. It maps a run to another of the same, up to one that stands for all of them.
type runs map[string]string

// runsOf reads that from what hosts keep.
func runsOf(all []kept) runs {
	one := runs{}
	for _, k := range all {
		for _, g := range k.generations {
			if g.PutsBack != "" {
				one.join(g.Run, "rollback of "+g.PutsBack)
			}
			for _, began := range g.Continues {
				one.join(g.Run, began)
			}
		}
	}
	return one
}

func (r runs) join(a, b string) {
	if a, b = r.first(a), r.first(b); a != b {
		r[a] = b
	}
}

// first is what stands for all runs that are one with this.
func (r runs) first(run string) string {
	for r[run] != "" {
		run = r[run]
	}
	return run
}

func (r runs) same(a, b string) bool { return a != "" && r.first(a) == r.first(b) }
