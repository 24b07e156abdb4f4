package etcd

import (
	"context"
	"slices"
	"strings"
	"testing"

	"hardway/cluster"
)

// finding is what a test wants of a problem: its host, its subject, and a part of its message.
type finding struct{ host, subject, says string }

// found takes the one problem that is the finding off the list.
func found(t *testing.T, problems []cluster.Problem, f finding) []cluster.Problem {
	t.Helper()
	at := slices.IndexFunc(problems, func(p cluster.Problem) bool {
		return f.host == p.Host && f.subject == p.Subject && strings.Contains(p.Message, f.says)
	})
	if at < 0 {
		t.Errorf("not found: %+v", f)
		return problems
	}
	if problems[at].Hint == "" {
		t.Errorf("no hint what to do about: %s", problems[at])
	}
	return slices.Delete(slices.Clone(problems), at, at+1)
}

// want fails the test unless the problems are exactly the findings, each with a hint.
func want(t *testing.T, problems []cluster.Problem, findings ...finding) {
	t.Helper()
	for _, f := range findings {
		problems = found(t, problems, f)
	}
	for _, p := range problems {
		t.Errorf("unexpected problem: %s", p)
	}
}

// memberID is the ID of a started member.
func memberID(t *testing.T, c *client, host string) uint64 {
	t.Helper()
	list, err := c.MemberList(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list.Members {
		if m.Name == host {
			return m.ID
		}
	}
	t.Fatalf("%s is no member", host)
	return 0
}
