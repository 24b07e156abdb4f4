package cluster

import (
	"strings"
	"testing"
)

func namesOf(nodes []Node) string {
	var names []string
	for _, n := range nodes {
		names = append(names, n.Name)
	}
	return strings.Join(names, " ")
}

func TestOnly(t *testing.T) {
	spec := parsed(t, systemv)
	rows := []struct {
		name  string
		names []string
		want  string
	}{
		{"no name is every host", nil, "kmaster1 kmaster2 kmaster3 haproxy kworker1"},
		{"hosts come in the order of the spec", []string{"kworker1", "kmaster2"}, "kmaster2 kworker1"},
		{"a name given twice counts once", []string{"haproxy", "haproxy"}, "haproxy"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			nodes, err := spec.Only(row.names)
			if err != nil || namesOf(nodes) != row.want {
				t.Errorf("got %s, %v", namesOf(nodes), err)
			}
		})
	}
}

func TestOnlyNamesEveryUnknownHost(t *testing.T) {
	nodes, err := parsed(t, systemv).Only([]string{"kmaster4", "kmaster1", "elsewhere"})
	problems, ok := err.(Problems)
	if !ok || len(problems) != 2 || nodes != nil {
		t.Fatalf("got %v, %v", nodes, err)
	}
	if !strings.Contains(problems[0].Hint, "did you mean kmaster") || !strings.Contains(problems[1].Hint, "kmaster1, kmaster2, kmaster3, haproxy, kworker1") {
		t.Errorf("hints: %q, %q", problems[0].Hint, problems[1].Hint)
	}
}
