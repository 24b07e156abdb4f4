package machine

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

// How long a machine may take to boot, how long one look may take, and the pause between two.
const (
	bootTimeout = 60 * time.Second
	lookTimeout = 2 * time.Second
	lookPause   = 50 * time.Millisecond
)

// greets waits until a machine's SSH server says who it is.
func greets(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, bootTimeout)
	defer cancel()
	for {
		err := greeting(ctx, net.JoinHostPort(address, "22"))
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no SSH server within %s: %w", bootTimeout, err)
		case <-time.After(lookPause):
		}
	}
}

func greeting(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{Timeout: lookTimeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(lookTimeout)); err != nil {
		return err
	}
	words := make([]byte, len("SSH-2.0-"))
	if _, err := io.ReadFull(conn, words); err != nil {
		return err
	}
	if string(words) != "SSH-2.0-" {
		return fmt.Errorf("%s is no SSH server", address)
	}
	return nil
}
