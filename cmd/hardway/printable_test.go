package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"

	"hardway/cluster"
	"hardway/plan"
	"hardway/rollout"
)

// evil is what a host may answer: it clears the screen, names the window, goes back, turns the line around, begins lines.
const evil = "a\x1b[2Jb\x1b]0;c\x07d\re\u202ef\u009bg\x7fh\x9b\nerror: i\tj"

// raw is the control characters of a text that are neither line breaks nor tabs, and whether a line was faked.
func raw(text string) (found []rune, faked bool) {
	for _, r := range text {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			found = append(found, r)
		}
	}
	return found, strings.Contains(text, "\nerror: i")
}

func TestWordsOfHostsAreShownNotObeyed(t *testing.T) {
	event := plan.Event{Step: "apply", Host: "kmaster1", Message: evil, Time: time.Unix(0, 0)}
	change := plan.Change{Host: evil, Subject: evil, Action: evil, Reason: evil}
	report := plan.Report{
		Table: plan.Table{Header: []string{"WHO"}, Rows: [][]string{{evil}}}, Items: []any{evil}, ListChanges: true,
		Problems: []cluster.Problem{{Host: evil, Subject: evil, Message: evil, Hint: evil}},
		Changes:  []plan.Change{change}, Notes: []string{evil},
		Contents: map[plan.Change]rollout.Contents{change: {Diff: "--- x\n+" + strings.ReplaceAll(evil, "\n", "")}},
	}
	for name, write := range map[string]func(*bytes.Buffer){
		"report":   func(b *bytes.Buffer) { must(t, writeText(b, false, report, false)) },
		"document": func(b *bytes.Buffer) { must(t, writeJSON(b, "apply", report)) },
		"error":    func(b *bytes.Buffer) { writeError(b, false, errors.New(evil)) },
		"problem":  func(b *bytes.Buffer) { writeError(b, false, cluster.Problems(report.Problems)) },
		"line":     func(b *bytes.Buffer) { (&lines{out: b, seen: tally{}}).event(event) },
		"event": func(b *bytes.Buffer) {
			(&events{out: json.NewEncoder(jsonWriter{b}), last: map[string]time.Time{}}).event(event)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			write(&b)
			text := b.String()
			if found, faked := raw(text); len(found) > 0 || faked {
				t.Errorf("%q is obeyed, a faked line: %v\n%q", found, faked, text)
			}
			if !strings.Contains(text, "[2J") {
				t.Errorf("nothing is shown of it: %q", text)
			}
		})
	}
	var back struct{ Items []string }
	var b bytes.Buffer
	must(t, writeJSON(&b, "apply", report))
	must(t, json.Unmarshal(b.Bytes(), &back))
	if want := strings.ToValidUTF8(evil, "\ufffd"); back.Items[0] != want {
		t.Errorf("JSON says %q, want %q", back.Items[0], want)
	}
}

func TestPrintableTextStaysAsItIs(t *testing.T) {
	for _, text := range []string{"", "kmaster1: größer als 2 s → ok", "Bücher\tund \u200d Zeichen", "👩‍💻"} {
		if got := printable(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
