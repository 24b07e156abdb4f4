package check_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"hardway/check"
	"hardway/remote"
	"hardway/test/sample"
)

func TestAnswersThatTheScriptWouldNotGiveAreRefused(t *testing.T) {
	spec := sample.Spec(t)
	good := recorded(t, spec, spec.Hosts[0], 0)
	if _, err := check.ParseFacts([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, says string }{
		"nothing":              {"", "cut off"},
		"half of it":           {good[:len(good)/2], "cut off"},
		"a greeting":           {"Welcome to Debian!\n" + good, "Welcome"},
		"a fact nobody knows":  {"colour blue\n" + good, "no fact is called so"},
		"a word too few":       {"memory 17\n" + good, "want 2 words"},
		"a word too many":      {"booted yes\n" + good, "want 0 words"},
		"a number that is not": {"cpus many\n" + good, "many"},
		"a clock without %N":   {"clock 17.%N\n" + good, "clock"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := check.ParseFacts([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want a word on %q", err, c.says)
			}
		})
	}
}

// TestTheScriptSpeaksPOSIX: whatever sh is on a host has to understand it, and to print only what is understood here.
func TestTheScriptSpeaksPOSIX(t *testing.T) {
	text, err := os.ReadFile("facts.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, shell := range [][]string{{"sh"}, {"bash", "--posix"}} {
		s := remote.Script{Name: "hardway-facts", Text: string(text), Args: []string{"", "localhost", t.TempDir(), "127.0.0.1"}}
		out, err := exec.Command(shell[0], append(shell[1:], s.Command().Args...)...).Output()
		if err != nil {
			t.Fatalf("%v: %v", shell, err)
		}
		facts, err := check.ParseFacts(out)
		if err != nil {
			t.Fatalf("%v: %v", shell, err)
		}
		if len(facts.Fsyncs) != 100 || facts.Memory == 0 || facts.CPUs == 0 || len(facts.Devices) == 0 || len(facts.Resolved) == 0 || facts.Disk.Free == 0 {
			t.Errorf("%v saw too little: %+v", shell, facts)
		}
	}
}
