package lab

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWordsAreSplitAsSystemdDoes(t *testing.T) {
	for value, want := range map[string][]string{
		"":                          nil,
		"  a\tb  c ":                {"a", "b", "c"},
		`"a b" 'c d'`:               {"a b", "c d"},
		`a"b c"d`:                   {"ab cd"},
		`""`:                        {""},
		`a\tb\x41\101\u00e9\s`:      {"a\tbAAé "},
		`'it\'s' "say \"hi\""`:      {"it's", `say "hi"`},
		`--flag="x y" --other='z'`:  {"--flag=x y", "--other=z"},
		`a ; b`:                     {"a", ";", "b"},
		"one two\n   three":         {"one", "two", "three"},
		`\\`:                        {`\`},
		`--initial-cluster=a=b,c=d`: {"--initial-cluster=a=b,c=d"},
		"unicode é stays":           {"unicode", "é", "stays"},
		`"a"'b'`:                    {"ab"},
		`a "" b`:                    {"a", "", "b"},
	} {
		got, err := splitWords(value)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q splits into %q, %v; want %q", value, got, err, want)
		}
	}
	for _, value := range []string{`"a`, `'a`, `a\`, `\q`, `\x4`, `\xzz`, `\u12`, `\000`, `\777`, `\U99999999`} {
		if got, err := splitWords(value); err == nil {
			t.Errorf("%q splits into %q, want an error", value, got)
		}
	}
}

func TestTimeSpans(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"5": 5 * time.Second, "5s": 5 * time.Second, "10min": 10 * time.Minute, "1min 30s": 90 * time.Second, "100ms": 100 * time.Millisecond,
		"1.5h": 90 * time.Minute, "2 min": 2 * time.Minute, "0": 0, "infinity": forever, "1h30min": 90 * time.Minute,
	} {
		if got, err := parseTimespan(value); err != nil || got != want {
			t.Errorf("%q is %s, %v; want %s", value, got, err, want)
		}
	}
	for _, value := range []string{"", "soon", "5x", "s", "-5", "1.2.3", "99999999999999999999d"} {
		if got, err := parseTimespan(value); err == nil {
			t.Errorf("%q is %s, want an error", value, got)
		}
	}
}

func TestCommandsOfAUnit(t *testing.T) {
	lines, err := parseExec(`-/bin/rm -f /a ; +/bin/true \; ";" ; @!/usr/bin/x name arg`)
	if err != nil {
		t.Fatal(err)
	}
	want := []execLine{
		{ignoreFailure: true, words: []string{"/bin/rm", "-f", "/a"}},
		{words: []string{"/bin/true", ";", ";"}},
		{argv0: true, words: []string{"/usr/bin/x", "name", "arg"}},
	}
	if len(lines) != len(want) {
		t.Fatalf("%d commands, want %d: %+v", len(lines), len(want), lines)
	}
	for i := range want {
		if lines[i].ignoreFailure != want[i].ignoreFailure || lines[i].argv0 != want[i].argv0 || !slices.Equal(lines[i].words, want[i].words) {
			t.Errorf("command %d is %+v, want %+v", i, lines[i], want[i])
		}
	}
	for _, value := range []string{"-", "rm -f /a", "; /bin/true", "/bin/true ; ; /bin/true", "@/bin/true"} {
		if got, err := parseExec(value); err == nil {
			t.Errorf("%q gives %+v, want an error", value, got)
		}
	}
}

func TestEmptyValueTakesBackWhatListsHold(t *testing.T) {
	d, err := parseDefinition("x.service", "h1", []source{{"x", []byte(`[Service]
Environment=A=1
Environment=
Environment=B=2
ExecStart=/bin/a
ExecStart=
ExecStart=/bin/b %n %H %% %p
EnvironmentFile=/a
EnvironmentFile=
`)}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(d.environment, []string{"B=2"}) || len(d.environmentFiles) != 0 {
		t.Errorf("environment %q, files %v", d.environment, d.environmentFiles)
	}
	if len(d.start) != 1 || !slices.Equal(d.start[0].words, []string{"/bin/b", "x.service", "h1", "%", "x"}) {
		t.Errorf("commands %+v", d.start)
	}
}

func TestWhatIsNotKnownIsRemarkedOrRefused(t *testing.T) {
	d, err := parseDefinition("x.service", "h1", []source{{"x", []byte(`[Unit]
After=network.target
[Service]
ExecStart=/bin/a
ProtectSystem=full
LimitNOFILE=65536
DynamicUser=no
ExecStarPre=/bin/b
BindPaths=/a:/b
`)}})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.remarks) != 1 || !strings.Contains(d.remarks[0], "ExecStarPre") {
		t.Errorf("remarks %q, want the misspelled key and nothing else", d.remarks)
	}
	if len(d.refusals) != 1 || !strings.Contains(d.refusals[0], "BindPaths") {
		t.Errorf("refusals %q, want BindPaths and nothing else", d.refusals)
	}
}

func TestEnvironmentFilesAreRead(t *testing.T) {
	got, err := parseEnvironment("# c\n; c\n\nA=1\nB = \"x y\"\nC='z'\nD=a\\\nb\nE=\n")
	if want := []string{"A=1", "B=x y", "C=z", "D=ab", "E="}; err != nil || !slices.Equal(got, want) {
		t.Errorf("read %q, %v; want %q", got, err, want)
	}
	for _, text := range []string{"no assignment", "1A=2", "=x", "A=\"open"} {
		if got, err := parseEnvironment(text); err == nil {
			t.Errorf("%q reads as %q, want an error", text, got)
		}
	}
}
