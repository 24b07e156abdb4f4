package plan

import (
	"fmt"

	"hardway/cluster"
)

// The commands of every step are computed from the spec alone, so that the same spec gives the same text, whether or not
// anything was ever run. They are typed in the work directory and make the files that hardway makes, by the same names:
// where one left off the other goes on. What a step of hardway looks at before it acts is a test in front of a command;
// nothing that cannot be made again is ever written over.

// private is the first command of every step that makes a secret; the script's head has it too.
func private() Command {
	return Command{Says: "whatever is made from here on is readable for its owner alone", Line: "umask 077"}
}

// unexplained stands in for commands that cannot be computed. It fails where it is run: a script that goes on without what
// is missing would do harm.
func unexplained(what string, err error) []Command {
	return []Command{{Says: fmt.Sprintf("%s: %v", what, err), Line: "false"}}
}

// perNode is the commands of each node, in the order of the spec.
func perNode(nodes []cluster.Node, commands func(cluster.Node) []Command) []Command {
	var out []Command
	for _, n := range nodes {
		out = append(out, commands(n)...)
	}
	return out
}
