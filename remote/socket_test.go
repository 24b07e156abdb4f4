package remote_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hardway/test/sshd"
)

// listening is a socket that only root may use; it answers each line with the same in capitals and hangs up, as HAProxy does.
func listening(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "admin.sock")
	l, err := net.Listen("unix", path)
	must(t, err)
	must(t, os.Chmod(path, 0o600))
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(conn).ReadString('\n')
			_, _ = fmt.Fprint(conn, strings.ToUpper(line))
			_ = conn.Close()
		}
	}()
	return path
}

func TestSocketsAreReachedHoweverOneLogsIn(t *testing.T) {
	const forbidden = "AllowStreamLocalForwarding no"
	for name, host := range map[string]func(*testing.T) *testHost{
		"as root":                              func(t *testing.T) *testHost { return startHost(t, sshd.Options{}) },
		"as root, and sshd forwards none":      func(t *testing.T) *testHost { return startHost(t, sshd.Options{Config: []string{forbidden}}) },
		"through sudo":                         func(t *testing.T) *testHost { return startAccount(t, noPassword) },
		"through sudo, with a password":        func(t *testing.T) *testHost { return startAccount(t, withPassword) },
		"through sudo, and sshd forwards none": func(t *testing.T) *testHost { return startAccount(t, noPassword, forbidden) },
	} {
		t.Run(name, func(t *testing.T) {
			h := host(t)
			h.asking(sudoPassword)
			client, path := h.dial(t), listening(t)
			for range 2 {
				conn, err := client.Dial(t.Context(), "unix", path)
				must(t, err)
				_, err = fmt.Fprintln(conn, "show info")
				must(t, err)
				answer, err := bufio.NewReader(conn).ReadString('\n')
				if err != nil || answer != "SHOW INFO\n" {
					t.Errorf("got %q, %v", answer, err)
				}
				_ = conn.Close()
			}
			if got, err := ask(client.Dial(t.Context(), "unix", path+".not")); err == nil || !strings.Contains(err.Error(), path+".not") {
				t.Errorf("where nothing listens: %q, %v", got, err)
			}
		})
	}
}

func ask(conn net.Conn, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintln(conn, "show info"); err != nil {
		return "", err
	}
	return bufio.NewReader(conn).ReadString('\n')
}
