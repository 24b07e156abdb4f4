package haproxy

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DialFunc opens a connection from a balancer's host.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Runtime speaks with a running HAProxy over its runtime socket. What it sets is forgotten by the next reload.
type Runtime struct{ Dial DialFunc }

// ServerState is an API server as the balancer sees it.
type ServerState struct {
	Name string
	// Up: its checks pass, or passed last when they were switched off.
	Up bool
	// Drained: it gets no new connections, because someone said so.
	Drained bool
}

// askTimeout bounds one question; HAProxy answers from memory.
const askTimeout = 5 * time.Second

// answerBytes bounds an answer. A server takes some hundred bytes of it.
const answerBytes = 1 << 20

// Ask sends commands, apart by semicolons, and gives the answer.
func (r Runtime) Ask(ctx context.Context, commands string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	conn, err := r.Dial(ctx, "unix", Socket)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if _, err := fmt.Fprintln(conn, commands); err != nil {
		return "", fmt.Errorf("failed to ask HAProxy: %w", err)
	}
	answer, err := io.ReadAll(io.LimitReader(conn, answerBytes+1))
	if err == nil && len(answer) > answerBytes {
		err = fmt.Errorf("it is longer than %d KiB, which no answer is: look what listens on %s", answerBytes>>10, Socket)
	}
	if err != nil {
		return "", fmt.Errorf("failed to read HAProxy's answer: %w", err)
	}
	return string(answer), nil
}

// order is Ask for commands that answer nothing when they are carried out.
func (r Runtime) order(ctx context.Context, commands string) error {
	answer, err := r.Ask(ctx, commands)
	if said := strings.TrimSpace(answer); err == nil && said != "" {
		return fmt.Errorf("HAProxy refused `%s`: %s", commands, said)
	}
	return err
}

// Servers is the API servers in the order of the configuration; none where HAProxy runs on another configuration.
func (r Runtime) Servers(ctx context.Context) ([]ServerState, error) {
	answer, err := r.Ask(ctx, "show servers state "+Backend)
	if err != nil {
		return nil, err
	}
	if strings.Contains(answer, "Can't find backend") {
		return nil, nil
	}
	return parseServers(answer)
}

// Bits of srv_admin_state and values of srv_op_state, as HAProxy's management guide has them for "show servers state".
const (
	adminMaintenance = 0x01
	adminDrain       = 0x08
	opRunning        = 2
)

// parseServers reads version 1 of "show servers state": a line with the version, one with the columns' names, servers.
func parseServers(answer string) ([]ServerState, error) {
	var out []ServerState
	column := map[string]int{}
	lines := bufio.NewScanner(strings.NewReader(answer))
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) < 2:
		case words[0] == "#":
			for i, name := range words[1:] {
				column[name] = i
			}
		default:
			s, err := parseServer(words, column)
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		}
	}
	if len(column) == 0 {
		// Who has nothing to say has clients all the same.
		return nil, fmt.Errorf("failed to read HAProxy's state of servers: %.200q", answer)
	}
	return out, lines.Err()
}

func parseServer(words []string, column map[string]int) (ServerState, error) {
	value := func(name string) string {
		if i, ok := column[name]; ok && i < len(words) {
			return words[i]
		}
		return ""
	}
	admin, errAdmin := strconv.Atoi(value("srv_admin_state"))
	op, errOp := strconv.Atoi(value("srv_op_state"))
	if errAdmin != nil || errOp != nil || value("srv_name") == "" {
		return ServerState{}, fmt.Errorf("failed to read HAProxy's state of servers: %q", strings.Join(words, " "))
	}
	return ServerState{Name: value("srv_name"), Up: op == opRunning, Drained: admin&(adminMaintenance|adminDrain) != 0}, nil
}

// Drain keeps new connections away from a server; open ones stay. Its checks stop, because on-marked-down would cut
// those when it says that it shuts down.
func (r Runtime) Drain(ctx context.Context, server string) error {
	commands := fmt.Sprintf("disable health %[1]s/%[2]s; set server %[1]s/%[2]s state drain", Backend, server)
	if err := r.order(ctx, commands); err != nil {
		return err
	}
	return r.confirm(ctx, server, true)
}

// confirm looks whether a server is as it was ordered to be: an order that is carried out is answered with nothing, and so
// is one whose answer was cut off.
func (r Runtime) confirm(ctx context.Context, server string, drained bool) error {
	servers, err := r.Servers(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(servers, func(s ServerState) bool { return s.Name == server })
	if i < 0 || servers[i].Drained != drained {
		return fmt.Errorf("HAProxy did not carry it out: it says of its servers %+v", servers)
	}
	return nil
}

// Leave waits until no client of a drained server is left, but not for ever: some hold their connection for hours, and the
// server says goodbye to them when it stops.
func (r Runtime) Leave(ctx context.Context, server string) error {
	patience, cancel := context.WithTimeout(ctx, LeaveTime)
	defer cancel()
	for {
		open, err := r.Sessions(ctx, server)
		if err != nil || open == 0 {
			return err
		}
		select {
		case <-patience.Done():
			return ctx.Err()
		case <-time.After(leavePoll):
		}
	}
}

// Sessions is how many connections of clients lead to a server right now.
func (r Runtime) Sessions(ctx context.Context, server string) (int, error) {
	answer, err := r.Ask(ctx, "show stat")
	if err != nil {
		return 0, err
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(answer, "# "))).ReadAll()
	if err != nil {
		return 0, fmt.Errorf("failed to read HAProxy's statistics: %w", err)
	}
	for _, row := range rows {
		current := slices.Index(rows[0], "scur")
		if current >= 0 && len(row) > 1 && row[0] == Backend && row[1] == server {
			return strconv.Atoi(row[current])
		}
	}
	return 0, fmt.Errorf("failed to find %s/%s in HAProxy's statistics", Backend, server)
}

// Undrain gives a server clients again, once its checks have had the time to find out whether it answers: without that it
// would get clients until they fail. It returns when the server is up or known to be down.
func (r Runtime) Undrain(ctx context.Context, server string) error {
	if err := r.order(ctx, fmt.Sprintf("enable health %s/%s", Backend, server)); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-time.After(checkInterval + (fall-1)*fastInterval + fastInterval):
	}
	ctx = context.WithoutCancel(ctx)
	if err := r.order(ctx, fmt.Sprintf("set server %s/%s state ready", Backend, server)); err != nil {
		return err
	}
	return r.confirm(ctx, server, false)
}
