package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"hardway/plan"
)

// at is a send event so many seconds into the work.
func at(second float64, host string, done int64) plan.Event {
	e := sending(host, done, done<<20)
	e.Time = time.Unix(1000, 0).Add(time.Duration(second * float64(time.Second)))
	return e
}

func TestLinesSayHowFarLongWorkHasCome(t *testing.T) {
	var out bytes.Buffer
	l := &lines{out: &out}
	for _, e := range []plan.Event{at(0, "a", 0), at(0, "b", 0), at(1, "a", 5), at(4.9, "b", 1), at(5, "b", 2), at(6, "a", 10), at(9, "b", 9), at(10.1, "b", 10)} {
		l.event(e)
	}
	l.event(plan.Event{Time: time.Unix(1011, 0), Step: "apply etcd", Phase: "restart", Host: "a", Message: "restarting etcd.service"})
	l.end()
	l.event(at(99, "a", 10))
	want := "distribute: sending: 0 of 2 hosts done, 7.0MiB of 20.0MiB\n" +
		"distribute: sending: 2 of 2 hosts done, 20.0MiB of 20.0MiB\n" +
		"apply etcd a: restarting etcd.service\n"
	if got := strings.ReplaceAll(out.String(), " MiB", "MiB"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestEventsAreBoundedAndEndWithTheWhole(t *testing.T) {
	var out bytes.Buffer
	j := &events{out: json.NewEncoder(&out), last: map[string]time.Time{}}
	for i := range 1000 {
		e := at(float64(i)/1000, "a", 5)
		e.Bytes.Done = int64(i)
		j.event(e)
	}
	j.event(at(1, "a", 10))
	rows := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(rows) < 4 || len(rows) > 8 {
		t.Errorf("%d events for a second of sending", len(rows))
	}
	var last plan.Event
	if err := json.Unmarshal([]byte(rows[len(rows)-1]), &last); err != nil || *last.Files != (plan.Count{Done: 10, Total: 10}) {
		t.Errorf("the last event is %s: %v", rows[len(rows)-1], err)
	}
}
