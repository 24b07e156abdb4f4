package golden

import (
	"os"
	"testing"
)

// spy takes failures down instead of failing.
type spy struct {
	testing.TB
	failed bool
}

func (s *spy) Helper()               {}
func (s *spy) Errorf(string, ...any) { s.failed = true }
func (s *spy) Fatalf(string, ...any) { s.failed = true }

func TestGolden(t *testing.T) {
	tests := map[string]struct {
		stands, got map[string][]byte
		record      bool
		want        bool
	}{
		"what was recorded passes":              {stands: tree("a", "1"), got: tree("a", "1")},
		"a difference fails":                    {stands: tree("a", "1"), got: tree("a", "2"), want: true},
		"a file that is not recorded fails":     {got: tree("a", "1"), want: true},
		"a file that is recorded for no output": {stands: tree("a", "1", "b", "2"), got: tree("a", "1"), want: true},
		"recording fails even without a change": {stands: tree("a", "1"), got: tree("a", "1"), record: true, want: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			lay(t, test.stands)
			set(t, test.record)
			s := &spy{TB: t}
			CheckTree(s, "tree", test.got)
			if s.failed != test.want {
				t.Errorf("failed: %v, want %v", s.failed, test.want)
			}
		})
	}
}

func TestRecordedTreePassesAfterwards(t *testing.T) {
	lay(t, tree("gone", "0"))
	got := tree("a", "1", "b/c", "2")
	set(t, true)
	CheckTree(&spy{TB: t}, "tree", got)
	set(t, false)
	CheckTree(t, "tree", got)
}

func tree(pairs ...string) map[string][]byte {
	out := map[string][]byte{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = []byte(pairs[i+1])
	}
	return out
}

func lay(t *testing.T, files map[string][]byte) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("testdata/tree", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		if err := os.WriteFile("testdata/tree/"+name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func set(t *testing.T, on bool) {
	was := *recording
	*recording = on
	t.Cleanup(func() { *recording = was })
}
