package plan

import (
	"context"
	"strconv"

	"hardway/check"
)

// PreflightPorts says which ports have to be open between which hosts, as a table and as the commands of a firewall. It
// opens no connection.
func PreflightPorts(e *Env, firewall string) Step {
	return Step{
		Path: []string{"preflight"}, Check: true, Offline: true,
		Plan: func(context.Context) (Action, error) {
			r := Report{Table: Table{Header: []string{"HOST", "PORT", "FROM", "SERVER", "WHY"}}}
			nodes, err := e.nodes()
			if err != nil {
				return Action{}, err
			}
			rules := check.Rules(e.Spec)
			for _, n := range nodes {
				var commands []string
				for _, rule := range rules {
					if rule.Host != n.Name {
						continue
					}
					r.Table.Rows = append(r.Table.Rows, []string{rule.Host, portOf(rule), rule.Who, rule.Server, rule.Why})
					of := rule.Commands(firewall)
					r.Items = append(r.Items, ruleItem{rule, of})
					commands = append(commands, of...)
				}
				if firewall == "firewalld" {
					commands = append(commands, "firewall-cmd --reload")
				}
				r.Notes = append(r.Notes, "", "# "+n.Name+", "+firewall)
				r.Notes = append(r.Notes, commands...)
			}
			return Action{Report: r}, nil
		},
	}
}

// ruleItem is what -o json says of a rule.
type ruleItem struct {
	check.Rule
	Commands []string `json:"commands"`
}

func portOf(r check.Rule) string {
	if r.Port == 0 {
		return r.Protocol
	}
	return strconv.Itoa(r.Port) + "/" + r.Protocol
}
