package plan

import (
	"fmt"
	"slices"

	"hardway/cluster"
)

// validateByHand is the part of the checks that a shell does as well.
func validateByHand(spec *cluster.Spec) []Command {
	var names []string
	for _, n := range spec.Hosts {
		names = append(names, slices.Concat([]string{n.Name}, n.Aliases, n.Address)...)
	}
	commands := []Command{
		{
			Says: "a name or address that stands here twice is printed: two hosts would answer to one certificate",
			Line: "printf '%s\\n' " + quoteAll(names) + " | sort | uniq -d",
		},
	}
	if members := len(spec.With(cluster.RoleEtcd)); members%2 == 1 {
		commands = append(commands, Command{
			Says: fmt.Sprintf("an odd number of etcd members: of %d, %d may fail, and of one more not one more", members, (members-1)/2),
			Line: fmt.Sprintf("test $((%d %% 2)) -eq 1", members),
		})
	}
	return commands
}
