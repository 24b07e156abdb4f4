package cluster

import (
	"errors"
	"fmt"
	"testing"
)

func TestProblemOnOneLine(t *testing.T) {
	rows := []struct {
		problem Problem
		want    string
	}{
		{Problem{Subject: "spec.hosts[3].address", Message: "is missing", Hint: "write one"}, "spec.hosts[3].address: is missing"},
		{Problem{Host: "kmaster1", Subject: "etcd.service", Message: "is down"}, "kmaster1: etcd.service: is down"},
		{Problem{Message: "is down"}, "is down"},
	}
	for _, row := range rows {
		if got := row.problem.String(); got != row.want {
			t.Errorf("got %q, want %q", got, row.want)
		}
	}
}

func TestProblemsAreAnErrorOnlyWhereThereAreSome(t *testing.T) {
	if err := (Problems{}).OrNil(); err != nil {
		t.Errorf("none, and yet %v", err)
	}
	err := Problems{{Message: "a"}, {Message: "b"}}.OrNil()
	if err == nil || err.Error() != "a\nb" {
		t.Errorf("got %v", err)
	}
}

func TestProblemsOfTakesErrorsApart(t *testing.T) {
	one := Problems{{Subject: "x", Message: "a"}}
	rows := []struct {
		name string
		err  error
		want string
	}{
		{"nothing", nil, "[]"},
		{"problems", one, "[x: a]"},
		{"wrapped problems", fmt.Errorf("failed: %w", one), "[x: a]"},
		{"joined errors", errors.Join(one, errors.New("b")), "[x: a b]"},
		{"wrapped joined errors", fmt.Errorf("failed: %w", errors.Join(errors.New("b"))), "[failed: b]"},
		{"wrapped joined problems", fmt.Errorf("failed: %w", errors.Join(one, errors.New("b"))), "[x: a b]"},
		{"anything else", errors.New("c"), "[c]"},
	}
	for _, row := range rows {
		if got := fmt.Sprint(ProblemsOf(row.err)); got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
	}
}
