package lab

import (
	"bytes"
	"encoding/binary"
	"net"
	"sync"
)

// meter counts the packets of SSH that a host's server has received and sent, of all connections together, and cuts them
// after so many.
type meter struct {
	mu   sync.Mutex
	seen int
	// due is the count at which cut is called, once; 0 for never.
	due int
	cut func()
	// cuts is how often that has happened.
	cuts int
}

// metered is a connection of which packets are counted from now on.
func (m *meter) metered(conn net.Conn) *metered {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &metered{Conn: conn, meter: m, before: m.cuts}
}

// after sets what cuts the connections once so many more packets have come or gone.
func (m *meter) after(packets int, cut func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.due, m.cut = m.seen+packets, cut
}

func (m *meter) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen
}

// metered is a connection whose packets are counted.
type metered struct {
	net.Conn
	meter   *meter
	in, out packetEnds
	// before is how many cuts it has not lived through.
	before int
}

// pass hands a packet on and counts it; true tells that the connections are cut now. Nothing passes at the same time, and
// so nothing passes after a cut.
func (c *metered) pass(hand func() error) (cut bool, err error) {
	m := c.meter
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cuts != c.before {
		return false, net.ErrClosed
	}
	if err := hand(); err != nil {
		return false, err
	}
	if m.seen++; m.seen != m.due {
		return false, nil
	}
	m.cuts++
	m.cut()
	return true, nil
}

// Read gives nothing that comes after a cut, although it may have arrived.
func (c *metered) Read(into []byte) (int, error) {
	n, err := c.Conn.Read(into)
	for at := 0; at < n; {
		used, ended := c.in.next(into[at:n])
		if at += used; !ended {
			continue
		}
		cut, err := c.pass(func() error { return nil })
		if err != nil {
			return 0, err
		}
		if cut {
			return at, nil
		}
	}
	return n, err
}

// Write sends packet by packet where several come at once.
func (c *metered) Write(data []byte) (sent int, err error) {
	for sent < len(data) {
		used, ended := c.out.next(data[sent:])
		send := func() error {
			n, err := c.Conn.Write(data[sent : sent+used])
			sent += n
			return err
		}
		if ended {
			_, err = c.pass(send)
		} else {
			err = send()
		}
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// meterable is the ciphers with which the length of a packet can be read by whoever carries it: RFC 5647, section 7.3.
var meterable = []string{"aes128-gcm@openssh.com", "aes256-gcm@openssh.com"}

// What RFC 4253, section 6, and RFC 5647, section 7.2, say of packets.
const (
	lengthBytes = 4
	// kindAt is where a packet in the clear says what it is: after its length and the length of its padding.
	kindAt  = lengthBytes + 1
	newKeys = 21
	// tagBytes follow an encrypted packet and are not part of its length.
	tagBytes = 16
)

// packetEnds finds where packets end in one direction of a connection. The line with the version counts as a packet.
type packetEnds struct {
	// talking: the line with the version has passed. sealed: packets are encrypted.
	talking, sealed bool
	// head is the first bytes of the packet that is passing, as many as say what it is.
	head []byte
	// passed is how much of it has passed.
	passed int
}

// next is how much of the data belongs to the packet that is passing, and whether it ends there.
func (p *packetEnds) next(data []byte) (used int, ended bool) {
	if !p.talking {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			return len(data), false
		}
		p.talking = true
		return end + 1, true
	}
	if missing := kindAt + 1 - len(p.head); missing > 0 {
		p.head = append(p.head, data[:min(missing, len(data))]...)
	}
	if len(p.head) < lengthBytes {
		p.passed += len(data)
		return len(data), false
	}
	size := lengthBytes + int(binary.BigEndian.Uint32(p.head))
	if p.sealed {
		size += tagBytes
	}
	used = min(size-p.passed, len(data))
	if p.passed += used; p.passed < size {
		return used, false
	}
	p.sealed = p.sealed || p.head[kindAt] == newKeys
	p.head, p.passed = p.head[:0], 0
	return used, true
}
