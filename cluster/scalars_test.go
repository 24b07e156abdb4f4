package cluster

import (
	"encoding/json"
	"testing"
	"time"
)

func TestDurationIsWrittenAsPeopleWriteIt(t *testing.T) {
	rows := map[time.Duration]string{
		8760 * time.Hour: "8760h", 2 * time.Minute: "2m", 90 * time.Minute: "1h30m", 30 * time.Second: "30s",
		time.Hour + time.Second: "1h0m1s", 0: "0s", -time.Hour: "-1h", 10 * time.Minute: "10m", 20 * time.Hour: "20h", 1500 * time.Millisecond: "1.5s",
	}
	for d, want := range rows {
		got := Duration{d}.String()
		back, err := time.ParseDuration(got)
		if got != want || err != nil || back != d {
			t.Errorf("%v: got %s, read back as %v, %v", d, got, back, err)
		}
	}
}

func TestDurationAsJSON(t *testing.T) {
	text, err := json.Marshal(Duration{time.Hour})
	if err != nil || string(text) != `"1h"` {
		t.Fatalf("got %s, %v", text, err)
	}
	for _, bad := range []string{`1`, `"1"`, `"soon"`, `["1h"]`} {
		if err := json.Unmarshal([]byte(bad), &Duration{}); err == nil {
			t.Errorf("%s is no duration", bad)
		}
	}
}

func TestOneOrMoreAsJSON(t *testing.T) {
	rows := []struct{ text, back string }{{`"a"`, `"a"`}, {`["a"]`, `"a"`}, {`["a","b"]`, `["a","b"]`}, {`[]`, `[]`}}
	for _, row := range rows {
		var o OneOrMore
		if err := json.Unmarshal([]byte(row.text), &o); err != nil {
			t.Fatalf("%s: %v", row.text, err)
		}
		if back, err := json.Marshal(o); err != nil || string(back) != row.back {
			t.Errorf("%s: got %s, %v", row.text, back, err)
		}
	}
	if err := json.Unmarshal([]byte(`{"a":1}`), &OneOrMore{}); err == nil {
		t.Error("a map is no list")
	}
}
