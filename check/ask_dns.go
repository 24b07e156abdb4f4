package check

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"hardway/manifests"
)

// queryLimit bounds one question: a packet that is dropped on the way is not answered at all.
const queryLimit = 3 * time.Second

// errSilent: the connection stood, and no answer came.
var errSilent = fmt.Errorf("no answer within %s", queryLimit)

// query asks a DNS server, over TCP, for the addresses of a name, of version 4 or 6.
func query(ctx context.Context, dial manifests.DialFunc, server, name string, six bool) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, queryLimit)
	defer cancel()
	conn, err := dial(ctx, "tcp", server)
	if err != nil {
		return nil, errors.New(why(err))
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	kind := dnsmessage.TypeA
	if six {
		kind = dnsmessage.TypeAAAA
	}
	answer, err := exchange(conn, name, kind)
	switch {
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, errSilent
	case err != nil:
		return nil, err
	case answer.RCode != dnsmessage.RCodeSuccess:
		return nil, fmt.Errorf("the answer is %s", strings.TrimPrefix(answer.RCode.String(), "RCode"))
	}
	var found []netip.Addr
	for _, r := range answer.Answers {
		switch body := r.Body.(type) {
		case *dnsmessage.AResource:
			found = append(found, netip.AddrFrom4(body.A))
		case *dnsmessage.AAAAResource:
			found = append(found, netip.AddrFrom16(body.AAAA))
		}
	}
	return found, nil
}

// exchange is one question and its answer, each behind its length (RFC 1035, 4.2.2).
func exchange(conn io.ReadWriter, name string, kind dnsmessage.Type) (answer dnsmessage.Message, err error) {
	of, err := dnsmessage.NewName(name)
	if err != nil {
		return answer, err
	}
	question := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 1, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: of, Type: kind, Class: dnsmessage.ClassINET}},
	}
	packed, err := question.AppendPack([]byte{0, 0})
	if err != nil {
		return answer, err
	}
	binary.BigEndian.PutUint16(packed, uint16(len(packed)-2))
	if _, err := conn.Write(packed); err != nil {
		return answer, err
	}
	var length uint16
	if err := binary.Read(conn, binary.BigEndian, &length); err != nil {
		return answer, err
	}
	data := make([]byte, length)
	if _, err := io.ReadFull(conn, data); err != nil {
		return answer, err
	}
	return answer, answer.Unpack(data)
}

// proberPort is where a prober listens, in the network of its pod.
const proberPort = manifests.MomentPort + 1

// corefile has a prober pass questions on: those for a zone to that zone's address, all others to what the pod resolves names
// by, as pods do: over UDP.
func corefile(zones map[string]string, order []string) string {
	var b strings.Builder
	server := func(zone, to, option string) {
		fmt.Fprintf(&b, "%s:%d {\n  errors\n  forward . %s {\n    max_fails 0\n%s  }\n}\n", zone, proberPort, to, option)
	}
	for _, zone := range order {
		server(zone, zones[zone], "")
	}
	server(".", "/etc/resolv.conf", "    prefer_udp\n")
	return b.String()
}
