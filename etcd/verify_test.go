package etcd

import (
	"testing"
)

func TestHealthyClusterHasNoProblems(t *testing.T) {
	ms := formed(t, 61)
	rows, problems := ms.look()
	if len(problems) > 0 {
		t.Errorf("problems of a healthy cluster: %v", problems)
	}
	t.Logf("%+v", rows)
}
