package lab

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/unit"
)

// definition is what a unit's files say, as far as it counts here.
type definition struct {
	name        string
	description string
	// kind is Type=.
	kind string

	start, startPre, startPost, reload, stop, stopPost []execLine

	assertions       []assertion
	environment      []string
	environmentFiles []environmentFile
	user, group      string
	workingDirectory string
	directories      []directory

	restart                                 string
	restartPause, timeoutStart, timeoutStop time.Duration
	startLimitInterval                      time.Duration
	startLimitBurst                         int
	killSignal                              syscall.Signal
	killMode                                string
	remainAfterExit                         bool
	successCodes                            []int

	wantedBy []string
	// remarks is what was not understood and does no harm; refusals is what would make a start something else than what
	// the unit says.
	remarks, refusals []string
}

// environmentFile is a file of variables; a missing one is fine where it is optional.
type environmentFile struct {
	path     string
	optional bool
}

// source is one unit file or drop-in.
type source struct {
	path string
	text []byte
}

// parseDefinition reads a unit's file and then its drop-ins, in order. It fails where systemd would not load the unit.
func parseDefinition(name, host string, sources []source) (*definition, error) {
	d := newDefinition(name)
	specifiers := specifiers(name, host)
	for _, s := range sources {
		options, err := unit.DeserializeOptions(bytes.NewReader(s.text))
		if err != nil {
			return nil, fmt.Errorf("failed to parse %s: %w", s.path, err)
		}
		for _, o := range options {
			if err := d.apply(o, specifiers); err != nil {
				return nil, fmt.Errorf("%s: %s=: %w", s.path, o.Name, err)
			}
		}
	}
	return d, d.check()
}

// newDefinition has systemd's defaults: systemd.service(5), systemd-system.conf(5).
func newDefinition(name string) *definition {
	return &definition{
		name: name, restart: "no", restartPause: 100 * time.Millisecond,
		timeoutStart: 90 * time.Second, timeoutStop: 90 * time.Second,
		startLimitInterval: 10 * time.Second, startLimitBurst: 5,
		killSignal: syscall.SIGTERM, killMode: "control-group",
	}
}

// apply takes one line of a unit in.
func (d *definition) apply(o *unit.UnitOption, specifiers *strings.Replacer) error {
	key := o.Section + "." + o.Name
	value := strings.TrimSpace(continued.Replace(o.Value))
	if set, ok := directives[key]; ok {
		return set(d, value, specifiers)
	}
	switch {
	case strings.HasPrefix(o.Section, "X-") || o.Section == "Unit" || o.Section == "Install":
	case decisive[o.Name] && value != "" && value != "no" && value != "false":
		d.refusals = append(d.refusals, o.Name+"= decides how the process is started, and this host cannot do it")
	case !harmless[o.Name] && !decisive[o.Name]:
		d.remarks = append(d.remarks, fmt.Sprintf("unknown key %s in section [%s], ignored", o.Name, o.Section))
	}
	return nil
}

// continued joins lines that end in a backslash.
var continued = strings.NewReplacer("\\\r\n", " ", "\\\n", " ")

func (d *definition) check() error {
	if d.kind == "" {
		d.kind = "simple"
		if len(d.start) == 0 {
			d.kind = "oneshot"
		}
	}
	switch {
	case len(d.start) == 0 && len(d.stop) == 0:
		return fmt.Errorf("%s lacks both ExecStart= and ExecStop=", d.name)
	case len(d.start) != 1 && d.kind != "oneshot":
		return fmt.Errorf("%s has %d ExecStart= commands, which only Type=oneshot may", d.name, len(d.start))
	}
	return nil
}

// specifiers is what %-letters stand for: systemd.unit(5), "Specifiers".
func specifiers(name, host string) *strings.Replacer {
	bare := strings.TrimSuffix(name, ".service")
	prefix, instance, _ := strings.Cut(bare, "@")
	return strings.NewReplacer("%%", "%", "%n", name, "%N", bare, "%p", prefix, "%i", instance, "%H", host, "%l", host,
		"%t", "/run", "%S", "/var/lib", "%C", "/var/cache", "%L", "/var/log", "%E", "/etc", "%T", "/tmp", "%V", "/var/tmp",
		"%u", "root", "%U", "0", "%g", "root", "%G", "0", "%h", "/root", "%s", "/bin/sh")
}
