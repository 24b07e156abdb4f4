package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hardway/etcd"
	"hardway/haproxy"
	"hardway/remote"
)

// server is an API server that can be held, and a host that says what is done to it.
type server struct {
	remote.Changer
	host     string
	fails    error
	mu       *sync.Mutex
	happened *[]string
}

func (s server) note(what string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.happened = append(*s.happened, what)
	return nil
}

func (s server) Hold(context.Context, string) (remote.Hold, error) {
	_ = s.note("ready")
	return heldOn{s}, s.fails
}

type heldOn struct{ server }

func (h heldOn) Stop(context.Context) error { return h.note("stop") }
func (h heldOn) Close() error               { return h.note("go on") }

// handed makes the move on m1 whose lead takes so long to leave, and gives what happened and what was told.
func handed(t *testing.T, ctx context.Context, takes time.Duration, fails error) (happened, told []string) {
	t.Helper()
	var mu sync.Mutex
	conns := map[string]remote.Changer{}
	for _, host := range []string{"m2", "m3"} {
		conns[host] = server{host: host, mu: &mu, happened: &happened}
	}
	if fails != nil {
		conns["m3"] = server{host: "m3", mu: &mu, happened: &happened, fails: fails}
	}
	r := Roller{
		Parallel: 1, Conns: conns,
		MoveLeader: func(ctx context.Context, away string, hold etcd.Hold) error {
			held, release := hold(ctx)
			defer release()
			happened = append(happened, "lead leaves "+away)
			select {
			case <-time.After(takes):
			case <-held.Done():
			}
			return held.Err()
		},
		Tell: func(_, host, message string) {
			mu.Lock()
			defer mu.Unlock()
			if message != "" {
				told = append(told, host+": "+message)
			}
		},
	}
	_ = rolling{Roller: r}.move(ctx, Move{Verb: MoveLeader, Hosts: []string{"m1"}, What: etcd.Unit, Holds: []string{"m2", "m3"}})
	return happened, told
}

// Hosts get ready first, then all are stopped, and whatever becomes of the hand-over they all go on.
func TestAllAreHeldAtOnceAndGoOn(t *testing.T) {
	all := []string{"ready", "ready", "stop", "stop", "lead leaves m1", "go on", "go on"}
	interrupted, interrupt := context.WithCancel(t.Context())
	for name, c := range map[string]struct {
		ctx      context.Context
		takes    time.Duration
		fails    error
		happened []string
		told     string
	}{
		"in time":             {t.Context(), 0, nil, all, ""},
		"too late":            {t.Context(), time.Minute, nil, all, "m1: etcd's members took longer to agree on who leads than the 1s"},
		"a host cannot":       {t.Context(), 0, errors.New("no setsid"), []string{"ready", "ready", "stop", "lead leaves m1", "go on"}, "m3: going on without holding its API server, a write may fail: no setsid"},
		"the run is given up": {interrupted, time.Minute, nil, all, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if c.ctx == interrupted {
				time.AfterFunc(100*time.Millisecond, interrupt)
			}
			happened, told := handed(t, c.ctx, c.takes, c.fails)
			if !slices.Equal(happened, c.happened) {
				t.Errorf("got %q, want %q", happened, c.happened)
			}
			if said := strings.Join(told, "\n"); !strings.HasPrefix(said, c.told) || c.told == "" && said != "" {
				t.Errorf("told %q, want %q", said, c.told)
			}
		})
	}
	interrupt()
}

func TestNoBalancerGivesUpAServerThatIsHeld(t *testing.T) {
	if most := haproxy.ShortestDetection(); remote.HoldLimit*5/4 > most {
		t.Errorf("a server is held for up to %s, and balancers may give it up after %s", remote.HoldLimit, most)
	}
}

func TestHeldServersStandInTheReport(t *testing.T) {
	got, err := json.Marshal(Move{Verb: MoveLeader, Hosts: []string{"m1"}, What: etcd.Unit, Holds: []string{"m2"}, Reason: "leads"})
	if want := `{"move":"move-leader","hosts":["m1"],"what":"etcd.service","holds":["m2"],"reason":"leads"}`; string(got) != want || err != nil {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
