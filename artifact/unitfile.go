package artifact

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"github.com/coreos/go-systemd/v22/unit"
)

// UnitOf is the unit that a file in the unit directory defines or extends: /etc/systemd/system/etcd.service and
// /etc/systemd/system/haproxy.service.d/hardway.conf give etcd.service and haproxy.service.
func UnitOf(file string) (string, bool) {
	rest, ok := strings.CutPrefix(file, UnitDir+"/")
	if !ok {
		return "", false
	}
	if dir, name := path.Split(rest); dir != "" {
		unit, ok := strings.CutSuffix(strings.TrimSuffix(dir, "/"), ".d")
		return unit, ok && strings.HasSuffix(name, ".conf")
	}
	return rest, strings.HasSuffix(rest, ".service")
}

// InputsOf is the hash of inputs that a unit file or drop-in carries; empty where it carries none.
func InputsOf(f File) (string, error) {
	options, err := Unit(f)
	if err != nil {
		return "", err
	}
	for _, o := range options {
		if value, ok := strings.CutPrefix(o.Value, InputsVariable+"="); ok && o.Name == "Environment" {
			return value, nil
		}
	}
	return "", nil
}

// Unit is the options of a unit file, in order.
func Unit(f File) ([]*unit.UnitOption, error) {
	data, err := ReadAll(f.Content)
	if err != nil {
		return nil, fmt.Errorf("failed to read unit %s: %w", f.Path, err)
	}
	options, err := unit.DeserializeOptions(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("failed to parse unit %s: %w", f.Path, err)
	}
	return options, nil
}
