package pki

import (
	"fmt"
	"time"

	"hardway/cluster"
)

// Check is every certificate of List that ends within the duration from now, or is not as it should be: a finding each.
func (s *Store) Check(now time.Time, within time.Duration) cluster.Problems {
	return Findings(s.List(now), now, within)
}

// Findings is what Check says about rows, so that rows read from hosts and servers are judged alike.
func Findings(rows []Certificate, now time.Time, within time.Duration) cluster.Problems {
	var found cluster.Problems
	for _, c := range rows {
		if message := c.finding(now, within); message != "" {
			found = append(found, cluster.Problem{Host: c.Node, Subject: c.File, Message: c.Name + ": " + message, Hint: c.remedy()})
		}
	}
	return found
}

func (c Certificate) finding(now time.Time, within time.Duration) string {
	switch {
	case c.State != StateValid && c.State != StateExpiring:
		return c.Reason
	case c.NotAfter != nil && !c.NotAfter.After(now.Add(within)):
		left := c.NotAfter.Sub(now)
		return fmt.Sprintf("it expires on %s, in %d days", day(*c.NotAfter), int(left.Hours()/24))
	}
	return ""
}

func (c Certificate) remedy() string {
	switch {
	case c.State == StateUnreloaded:
		return "restart or reload what serves it"
	case c.State != StateMissing && c.isAuthority():
		return "replace it in good time; this version has no command that rotates an authority"
	case c.State == StateValid:
		return "`hardway pki " + c.group + "` renews it in time by itself; to renew it now, delete " + c.File + " first"
	}
	return "hardway pki " + c.group
}

func (c Certificate) isAuthority() bool {
	for _, row := range Authorities() {
		for _, generation := range []string{current, next, retired} {
			if c.File == row.certFile(generation) {
				return true
			}
		}
	}
	return false
}
