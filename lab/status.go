package lab

import (
	"slices"
	"strings"

	"hardway/remote"
)

// UnitStatus is one unit of one host as it is now.
type UnitStatus struct {
	Host    string `json:"host"`
	Address string `json:"address"`
	// Unit is empty for a host that has none.
	Unit string `json:"unit"`
	// State is off for a host without power, "no binary" for a unit whose program stands nowhere, else systemd's words:
	// active, inactive, failed, activating, deactivating, not loaded.
	State string `json:"state"`
	Sub   string `json:"sub"`
	// Result is systemd's word for why it failed.
	Result string `json:"result"`
	PID    int    `json:"pid"`
	Log    string `json:"log"`
}

// Status is every unit of every host, hosts in their order, units by name; those of systemd itself are left out.
func (l *Lab) Status() []UnitStatus {
	var out []UnitStatus
	for _, h := range l.hosts {
		out = append(out, h.status()...)
	}
	return out
}

func (h *host) status() []UnitStatus {
	base := UnitStatus{Host: h.Name, Address: h.Address, State: "on"}
	if !h.server.listening() {
		base.State = "off"
		return []UnitStatus{base}
	}
	names := h.unitNames()
	for _, s := range h.units.all() {
		if !slices.Contains(names, s.name) {
			names = append(names, s.name)
		}
	}
	names = slices.DeleteFunc(names, ofKernel)
	slices.SortFunc(names, strings.Compare)
	if len(names) == 0 {
		return []UnitStatus{base}
	}
	var out []UnitStatus
	for _, name := range names {
		out = append(out, h.unitStatus(base, name))
	}
	return out
}

func (h *host) unitStatus(row UnitStatus, name string) UnitStatus {
	row.Unit, row.Log = name, h.logFile(name)
	s, ok := h.units.known(name)
	if !ok {
		row.State = "not loaded"
		return row
	}
	row.PID = s.pid()
	s.mu.Lock()
	defer s.mu.Unlock()
	row.State, row.Sub, row.Result = s.active, s.sub, s.result
	if d := s.definition; row.PID == 0 && d != nil && len(d.start) > 0 && d.kind != "oneshot" && !h.hasBinary(d.start[0].program()) {
		row.State = "no binary"
	}
	return row
}

// known is a unit that was read before.
func (m *manager) known(name string) (*service, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.services[name]
	return s, ok
}

// Unit is what systemd says of a host's unit.
func (l *Lab) Unit(host, unit string) (remote.UnitState, error) {
	h, err := l.host(host)
	if err != nil {
		return remote.UnitState{}, err
	}
	return h.units.state(unit), nil
}
