package lab

import (
	"fmt"
	"io/fs"
	"strings"
)

// assertion is one Assert…= of a unit: what has to be true of the host's files, or the unit is not started.
// systemd.unit(5), "Conditions and Asserts".
type assertion struct {
	name, path string
	// triggering: one of all such has to hold, instead of every one.
	triggering, negated bool
	holds               func(t *tree, path string) bool
}

// assertions is the kinds that are known here.
var assertions = map[string]func(t *tree, path string) bool{
	"AssertPathExists":        pathExists,
	"AssertDirectoryNotEmpty": directoryNotEmpty,
}

func pathExists(t *tree, path string) bool {
	_, err := t.stat(path)
	return err == nil
}

func directoryNotEmpty(t *tree, path string) bool {
	f, err := t.open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	names, err := f.Readdirnames(1)
	return err == nil && len(names) > 0
}

// asserting reads `|!/path`; an empty value takes back what was asserted so far.
func asserting(name string) setter {
	return func(d *definition, value string, specifiers *strings.Replacer) error {
		if value == "" {
			d.assertions = nil
			return nil
		}
		a := assertion{name: name, holds: assertions[name]}
		value, a.triggering = strings.CutPrefix(value, "|")
		value, a.negated = strings.CutPrefix(value, "!")
		a.path = specifiers.Replace(value)
		if !strings.HasPrefix(a.path, "/") {
			return fmt.Errorf("%q is no absolute path: %w", a.path, fs.ErrInvalid)
		}
		d.assertions = append(d.assertions, a)
		return nil
	}
}

// asserted is nil when the unit may be started.
func (d *definition) asserted(t *tree) error {
	var triggers []string
	triggered := false
	for _, a := range d.assertions {
		held := a.holds(t, a.path) != a.negated
		switch {
		case a.triggering:
			triggers = append(triggers, a.name+"="+a.path)
			triggered = triggered || held
		case !held:
			return fmt.Errorf("assertion failed: %s=%s", a.name, a.path)
		}
	}
	if len(triggers) > 0 && !triggered {
		return fmt.Errorf("assertion failed: none holds of %s", strings.Join(triggers, ", "))
	}
	return nil
}
