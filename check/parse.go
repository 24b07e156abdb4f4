package check

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// fact is how one kind of line is read: with so many words after its name, the last of which may hold spaces.
type fact struct {
	words int
	take  func(f *Facts, w []string) error
}

// kinds is every line that the script prints.
var kinds = map[string]fact{
	"clock":      {1, takeClock},
	"hostname":   {1, func(f *Facts, w []string) error { f.Hostname = w[0]; return nil }},
	"machine-id": {1, func(f *Facts, w []string) error { f.MachineID = w[0]; return nil }},
	"arch":       {1, func(f *Facts, w []string) error { f.Arch = w[0]; return nil }},
	"cpus":       {1, func(f *Facts, w []string) (err error) { f.CPUs, err = cpus(w[0]); return err }},
	"memory":     {2, takeMemory},
	"swap":       {4, takeSwap},
	"swapunit":   {1, func(f *Facts, w []string) error { f.SwapUnits = append(f.SwapUnits, w[0]); return nil }},
	"module":     {1, func(f *Facts, w []string) error { f.Modules[w[0]] = true; return nil }},
	"sysctl":     {2, func(f *Facts, w []string) error { f.Sysctls[w[0]] = w[1]; return nil }},
	"cgroup":     {1, func(f *Facts, w []string) (err error) { f.Cgroup, err = strconv.Atoi(w[0]); return err }},
	"booted":     {0, func(f *Facts, _ []string) error { f.Booted = true; return nil }},
	"user":       {1, func(f *Facts, w []string) error { f.Root = w[0] == "0"; return nil }},
	"version":    {2, func(f *Facts, w []string) error { f.Versions[w[0]] = w[1]; return nil }},
	"selinux":    {1, func(f *Facts, w []string) error { f.SELinux = w[0]; return nil }},
	"active":     {1, func(f *Facts, w []string) error { f.Active[w[0]] = true; return nil }},
	"path":       {1, func(f *Facts, w []string) error { f.Paths[w[0]] = true; return nil }},
	"socket":     {1, func(f *Facts, w []string) error { f.Sockets[w[0]] = true; return nil }},
	"device":     {3, takeDevice},
	"route":      {2, takeRoute},
	"resolved":   {1, func(f *Facts, w []string) error { f.Resolved = append(f.Resolved, w[0]); return nil }},
	"nameserver": {1, func(f *Facts, w []string) error { f.Nameservers = append(f.Nameservers, w[0]); return nil }},
	"listen":     {2, takeListen},
	"holder":     {4, takeHolder},
	"disk":       {3, takeDisk},
	"fsync":      {1, takeFsync},
	"denied":     {2, func(f *Facts, w []string) error { f.Denied[w[0]] = w[1]; return nil }},
}

// ParseFacts reads the answer of the script. A line that it would not print, and an answer that was cut off, are errors.
func ParseFacts(answer []byte) (*Facts, error) {
	f := &Facts{
		Modules: map[string]bool{}, Sysctls: map[string]string{}, Versions: map[string]string{}, Active: map[string]bool{},
		Paths: map[string]bool{}, Sockets: map[string]bool{}, Devices: map[string]Device{}, Routes: map[string]Route{},
		Denied: map[string]string{},
	}
	text, whole := strings.CutSuffix(string(answer), "\nend\n")
	if !whole {
		return nil, errors.New("the answer is cut off: its last line is missing")
	}
	for line := range strings.SplitSeq(text, "\n") {
		if err := f.line(line); err != nil {
			return nil, fmt.Errorf("failed to understand %.200q: %w", line, err)
		}
	}
	return f, nil
}

func (f *Facts) line(line string) error {
	name, rest, _ := strings.Cut(line, " ")
	kind, ok := kinds[name]
	if !ok {
		return errors.New("no fact is called so")
	}
	var words []string
	if kind.words > 0 {
		words = strings.SplitN(rest, " ", kind.words)
	}
	if len(words) != kind.words || kind.words == 0 && rest != "" {
		return fmt.Errorf("want %d words", kind.words)
	}
	return kind.take(f, words)
}

func takeClock(f *Facts, w []string) error {
	whole, part, _ := strings.Cut(w[0], ".")
	seconds, errWhole := strconv.ParseInt(whole, 10, 64)
	nanos, errPart := strconv.ParseInt(part, 10, 64)
	at := time.Unix(seconds, nanos)
	if f.Began.IsZero() {
		f.Began = at
	}
	f.Ended = at
	return errors.Join(errWhole, errPart)
}

// cpus counts a list as Linux writes it: 0-3,6.
func cpus(list string) (int, error) {
	n := 0
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, errFrom := strconv.Atoi(first)
		to, errTo := strconv.Atoi(last)
		if err := errors.Join(errFrom, errTo); err != nil {
			return 0, err
		}
		n += to - from + 1
	}
	return n, nil
}

func takeMemory(f *Facts, w []string) (err error) {
	field := map[string]*int64{"MemTotal": &f.Memory, "MemAvailable": &f.Available}[w[0]]
	if field == nil {
		return errors.New("no such memory")
	}
	*field, err = strconv.ParseInt(w[1], 10, 64)
	return err
}

func takeSwap(f *Facts, w []string) error {
	n, err := numbers(w[2:])
	if err == nil {
		f.Swaps = append(f.Swaps, Swap{File: w[0], Kind: w[1], Size: n[0], Used: n[1]})
	}
	return err
}

func takeDevice(f *Facts, w []string) error {
	mtu, err := strconv.Atoi(w[1])
	f.Devices[w[0]] = Device{MTU: mtu, MAC: w[2]}
	return err
}

// takeRoute reads what `ip -o route get` prints: pairs of words behind the address.
func takeRoute(f *Facts, w []string) (err error) {
	var r Route
	words := strings.Fields(w[1])
	for i, word := range words[:max(0, len(words)-1)] {
		switch next := words[i+1]; word {
		case "dev":
			r.Device = next
		case "via":
			r.Via = next
		case "src":
			r.Source = next
		case "mtu":
			r.MTU, err = strconv.Atoi(next)
		}
	}
	r.Local = len(words) > 0 && words[0] == "local"
	if r.Device == "" {
		r.Trouble = w[1]
	}
	f.Routes[w[0]] = r
	return err
}

// takeListen reads an address as /proc/net/tcp has it: each four bytes in the order of the machine, which is little-endian
// on every architecture that is supported.
func takeListen(f *Facts, w []string) error {
	host, port, _ := strings.Cut(w[0], ":")
	raw, errHost := hex.DecodeString(host)
	number, errPort := strconv.ParseUint(port, 16, 16)
	if err := errors.Join(errHost, errPort); err != nil {
		return err
	}
	for i := 0; i+4 <= len(raw); i += 4 {
		binary.BigEndian.PutUint32(raw[i:], binary.LittleEndian.Uint32(raw[i:]))
	}
	addr, ok := netip.AddrFromSlice(raw)
	if !ok {
		return errors.New("it is no address")
	}
	f.Listens = append(f.Listens, Listen{Address: netip.AddrPortFrom(addr.Unmap(), uint16(number)), inode: w[1]})
	return nil
}

func takeHolder(f *Facts, w []string) error {
	pid, err := strconv.Atoi(w[1])
	for i := range f.Listens {
		if l := &f.Listens[i]; l.inode == w[0] {
			l.PID, l.Unit, l.Command = pid, w[2], w[3]
		}
	}
	return err
}

func takeDisk(f *Facts, w []string) error {
	n, err := numbers(w[1:])
	if err == nil {
		f.Disk = Disk{Path: w[0], Size: n[0], Free: n[1]}
	}
	return err
}

func takeFsync(f *Facts, w []string) error {
	seconds, err := strconv.ParseFloat(w[0], 64)
	f.Fsyncs = append(f.Fsyncs, time.Duration(seconds*float64(time.Second)))
	return err
}

func numbers(words []string) ([]int64, error) {
	out := make([]int64, len(words))
	var errs []error
	for i, w := range words {
		n, err := strconv.ParseInt(w, 10, 64)
		out[i], errs = n, append(errs, err)
	}
	return out, errors.Join(errs...)
}
