package lab

import (
	"bytes"
	"encoding/binary"
	"io"
)

// The numbers of SFTP version 3 that matter here: https://datatracker.ietf.org/doc/html/draft-ietf-secsh-filexfer-02.
const (
	sftpVersion  = 2
	sftpFsetstat = 10
	sftpExtended = 200
)

// fsyncName is OpenSSH's extension: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL, section 4.7.
const fsyncName = "fsync@openssh.com"

// maxPacket is more than any client sends in one piece, in bytes.
const maxPacket = 1 << 20

// withFsync adds fsync@openssh.com to a server that does not know it: the extension is announced, and a request for it
// becomes one to set no attribute of the same handle, which no client has a reason to send.
func withFsync(channel io.ReadWriteCloser) io.ReadWriteCloser {
	return &fsyncFilter{
		ReadWriteCloser: channel,
		in:              packets{from: channel, change: fsyncToFsetstat},
		announce:        true,
	}
}

type fsyncFilter struct {
	io.ReadWriteCloser
	in       packets
	announce bool
}

func (f *fsyncFilter) Read(into []byte) (int, error) { return f.in.Read(into) }

// Write adds the extension to the server's first packet, which is its version; the server writes each packet whole.
func (f *fsyncFilter) Write(data []byte) (int, error) {
	if !f.announce || len(data) < 5 || data[4] != sftpVersion {
		return f.ReadWriteCloser.Write(data)
	}
	f.announce = false
	body := appendString(appendString(bytes.Clone(data[4:]), fsyncName), "1")
	if _, err := f.ReadWriteCloser.Write(frame(body)); err != nil {
		return 0, err
	}
	return len(data), nil
}

// fsyncToFsetstat rewrites type, id, name, handle to type, id, handle, no flags.
func fsyncToFsetstat(body []byte) []byte {
	if len(body) < 5 || body[0] != sftpExtended {
		return body
	}
	name, rest, ok := cutString(body[5:])
	if !ok || name != fsyncName {
		return body
	}
	handle, _, ok := cutString(rest)
	if !ok {
		return body
	}
	out := append([]byte{sftpFsetstat}, body[1:5]...)
	return append(appendString(out, handle), 0, 0, 0, 0)
}

// packets reads whole packets and hands them on changed.
type packets struct {
	from   io.Reader
	change func(body []byte) []byte
	ready  []byte
}

func (p *packets) Read(into []byte) (int, error) {
	if len(p.ready) == 0 {
		var size [4]byte
		if _, err := io.ReadFull(p.from, size[:]); err != nil {
			return 0, err
		}
		n := binary.BigEndian.Uint32(size[:])
		if n > maxPacket {
			return 0, io.ErrUnexpectedEOF
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(p.from, body); err != nil {
			return 0, err
		}
		p.ready = frame(p.change(body))
	}
	n := copy(into, p.ready)
	p.ready = p.ready[n:]
	return n, nil
}

func frame(body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func appendString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

func cutString(b []byte) (s string, rest []byte, ok bool) {
	if len(b) < 4 {
		return "", nil, false
	}
	n := int(binary.BigEndian.Uint32(b))
	if n < 0 || n > len(b)-4 {
		return "", nil, false
	}
	return string(b[4 : 4+n]), b[4+n:], true
}
