package cluster

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse holds that no input makes the parser panic, that whatever it refuses it explains, and that what it takes is
// whole: valid still, and unchanged by defaulting again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(systemv))
	f.Add(Template())
	f.Fuzz(func(t *testing.T, data []byte) {
		spec, err := Parse(data, "cluster.yaml")
		if err != nil {
			explained(t, err)
			return
		}
		if problems := spec.Validate(); len(problems) > 0 {
			t.Errorf("taken, and yet: %v", problems)
		}
		before := *spec
		spec.Default()
		if diff := cmp.Diff(&before, spec); diff != "" {
			t.Errorf("defaults were not all there: %s", diff)
		}
		spec.InitialCluster()
		spec.DNSIPs()
	})
}

func explained(t *testing.T, err error) {
	var problems Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		t.Fatalf("the error is no list of problems: %v", err)
	}
	for _, p := range problems {
		if p.Subject == "" || p.Message == "" || p.Hint == "" {
			t.Errorf("a problem without subject, message or hint: %+v", p)
		}
	}
}
