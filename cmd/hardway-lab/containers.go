package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"hardway/lab"
	"hardway/lab/machine"
)

// containers is a lab of package machine: Docker plays the hosts, with the real systemd.
type containers struct{ machine.Lab }

// machineLab is the lab of containers that was started there.
func (p place) machineLab(c config) machine.Lab {
	return machine.Lab{Name: c.Name, Keys: p.machines()}
}

// notInNames is what Docker does not take in every name.
var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// labName is a name that no other directory's lab has.
func (p place) labName() string {
	digest := sha256.Sum256([]byte(p.dir))
	word := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(filepath.Base(p.dir)), "-"), "-")
	return strings.Trim(word[:min(len(word), 20)]+"-"+hex.EncodeToString(digest[:3]), "-")
}

func (c containers) status(ctx context.Context) ([]lab.UnitStatus, error) {
	seen, err := c.Status(ctx)
	if err != nil {
		return nil, withDockerHint(err)
	}
	var rows []lab.UnitStatus
	for _, m := range seen {
		rows = append(rows, lab.UnitStatus{Host: m.Name, Address: m.Address, State: m.State, PID: m.PID})
		for _, u := range m.Failed {
			rows = append(rows, lab.UnitStatus{Host: m.Name, Address: m.Address, Unit: u.Name, State: u.State, Sub: u.Sub})
		}
	}
	return rows, nil
}

func (c containers) order(ctx context.Context, verb, host string) error {
	orders := map[string]func(context.Context, string) error{
		"pause": c.Pause, "resume": c.Resume, "kill": c.Kill, "boot": c.Boot, "cut": c.Cut, "mend": c.Mend, "remove": c.Remove,
	}
	return withDockerHint(orders[verb](ctx, host))
}

func (c containers) stop(ctx context.Context, purge bool) error {
	return withDockerHint(c.Down(ctx, purge))
}

// withDockerHint says what to try where there is no Docker.
func withDockerHint(err error) error {
	if errors.Is(err, machine.ErrNoDocker) {
		return hinted{fmt.Errorf("the lab's machines cannot be reached: %w", err), "`make lab` installs and starts Docker where it is missing"}
	}
	return err
}
