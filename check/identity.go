package check

import (
	"fmt"
	"slices"
	"strings"
)

const checkSSH = "ssh"

func sshAnswers(_ *Survey, h *Host) []Row {
	if h.Facts == nil {
		message, hint := troubleOf(h.Trouble)
		return failed(hint, "%s", message)
	}
	return ok("answers")
}

func hostname(s *Survey, h *Host) []Row {
	var rows []Row
	if h.Facts.Hostname != h.Node.Name {
		rows = append(rows, failed(
			fmt.Sprintf("`hostnamectl set-hostname %s` there, or give the host that name in the spec: a kubelet's node is called as the host is", h.Node.Name),
			"the hostname is %q, in the spec it is %s", h.Facts.Hostname, h.Node.Name)...)
	}
	if same := s.sharing(h, func(o *Host) string { return o.Facts.Hostname }); len(same) > 0 {
		rows = append(rows, failed("give each host the name that it has in the spec", "%q is also the hostname of %s", h.Facts.Hostname, strings.Join(same, ", "))...)
	}
	return orOK(rows, "%s", h.Facts.Hostname)
}

func machineID(s *Survey, h *Host) []Row {
	id := h.Facts.MachineID
	if path, denied := h.Facts.Denied["machine-id"]; denied {
		return unknown("log in as root or set ssh.sudo", "%s cannot be read", path)
	}
	if id == "" || id == "uninitialized" {
		return failed("`systemd-machine-id-setup` there, then reboot", "/etc/machine-id holds none")
	}
	if same := s.sharing(h, func(o *Host) string { return o.Facts.MachineID }); len(same) > 0 {
		return failed("a clone keeps its origin's: on all but one of them `rm /etc/machine-id && systemd-machine-id-setup`, then reboot",
			"%s is also that of %s", id, strings.Join(same, ", "))
	}
	return ok("%s", id)
}

// sharing is the other hosts for which the value is this host's, where it has one.
func (s *Survey) sharing(h *Host, value func(*Host) string) []string {
	var names []string
	for _, o := range s.others(h) {
		if v := value(h); v != "" && value(o) == v {
			names = append(names, o.Node.Name)
		}
	}
	return names
}

func ownAddress(_ *Survey, h *Host) []Row {
	var rows []Row
	for _, address := range h.Node.Address {
		switch way, asked := h.Facts.Routes[address]; {
		case !asked || h.Facts.Versions["ip"] == "":
			rows = append(rows, noIP()...)
		case !way.Local:
			rows = append(rows, failed("write the address that the host itself has; one that is only translated to it cannot be listened on",
				"%s is no address of the host", address)...)
		}
	}
	return orOK(rows, "%s", strings.Join(h.Node.Address, ", "))
}

func noIP() []Row { return unknown("install iproute2", "the host has no command ip, which tells") }

func macAddress(s *Survey, h *Host) []Row {
	if len(s.others(h)) == 0 {
		return nil
	}
	own := h.hardware()
	var rows []Row
	for _, o := range s.others(h) {
		for mac, device := range o.hardware() {
			if mine, same := own[mac]; same {
				rows = append(rows, failed("a clone keeps its origin's: give the virtual machine a new one",
					"%s of %s is also that of %s on %s", mac, mine, device, o.Node.Name)...)
			}
		}
	}
	if len(own) == 0 {
		return nil
	}
	return orOK(rows, "%s", strings.Join(pairs(own), ", "))
}

// hardware is the interfaces that lead to other hosts, by hardware address. Others may rightly share one, as bridges do
// that are made from the same address on every host.
func (h *Host) hardware() map[string]string {
	out := map[string]string{}
	for to, way := range h.Facts.Routes {
		d := h.Facts.Devices[way.Device]
		if !slices.Contains(h.Node.Address, to) && d.MAC != "" && d.MAC != "none" && strings.Trim(d.MAC, "0:") != "" {
			out[d.MAC] = way.Device
		}
	}
	return out
}

// pairs is a map as sorted words: value key.
func pairs(m map[string]string) []string {
	out := []string{}
	for k, v := range m {
		out = append(out, v+" "+k)
	}
	slices.Sort(out)
	return out
}
