package haproxy_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"hardway/haproxy"
)

// A balancer that says nothing, or nonsense, is not one without clients: nobody would be drained of them there.
func TestAnAnswerThatSaysNothingOfServersIsAnError(t *testing.T) {
	for _, answer := range []string{"", "\n", "1\n", "Permission denied\n", "Unknown command\n"} {
		runtime := haproxy.Runtime{Dial: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				_, _ = far.Read(make([]byte, 1000))
				_, _ = far.Write([]byte(answer))
				_ = far.Close()
			}()
			return near, nil
		}}
		if servers, err := runtime.Servers(t.Context()); err == nil {
			t.Errorf("%q: servers %v, no error", answer, servers)
		}
	}
	const none = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state\n"
	runtime := haproxy.Runtime{Dial: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() { _, _ = far.Read(make([]byte, 1000)); _, _ = far.Write([]byte(none)); _ = far.Close() }()
		return near, nil
	}}
	if servers, err := runtime.Servers(t.Context()); err != nil || len(servers) != 0 {
		t.Errorf("servers %v, error %v", servers, err)
	}
}

// What never ends is no answer.
func TestAnAnswerWithoutEndIsAnError(t *testing.T) {
	runtime := haproxy.Runtime{Dial: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			_, _ = far.Read(make([]byte, 1000))
			for err := error(nil); err == nil; {
				_, err = far.Write(make([]byte, 64<<10))
			}
		}()
		return near, nil
	}}
	if _, err := runtime.Ask(t.Context(), "show stat"); err == nil || !strings.Contains(err.Error(), "longer than 1024 KiB") {
		t.Errorf("got %v", err)
	}
}
