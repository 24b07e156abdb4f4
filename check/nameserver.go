package check

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"

	"hardway/remote"
)

// rootServers asks for the name servers of the root, which every name server knows: RFC 1035, sections 4.1 and 4.2.2.
// Over TCP the length comes first; then an identity, "recursion desired", one question; the root's name is empty, and 2 and
// 1 are NS and IN.
var rootServers = []byte{0, 17, 'h', 'w', 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1}

// askNameserver is why a nameserver does not answer a host; nil when it does, be it with a refusal.
func askNameserver(ctx context.Context, conn remote.Looker, address string) error {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	c, err := conn.Dial(ctx, tcp, net.JoinHostPort(address, "53"))
	if err != nil {
		return errors.Join(err, ctx.Err())
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if err := questionAndAnswer(c); err != nil {
		return errors.Join(err, ctx.Err())
	}
	return nil
}

func questionAndAnswer(c io.ReadWriter) error {
	if _, err := c.Write(rootServers); err != nil {
		return err
	}
	// Length, identity, and the bit that says it is an answer.
	head := make([]byte, 5)
	if _, err := io.ReadFull(c, head); err != nil {
		return err
	}
	if binary.BigEndian.Uint16(head) < 12 || !bytes.Equal(head[2:4], rootServers[2:4]) || head[4]&0x80 == 0 {
		return errors.New("what it says is no answer")
	}
	return nil
}
