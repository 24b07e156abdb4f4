package check

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The channels of a session, and its protocol: https://kubernetes.io/docs/reference/using-api/websockets/ has them. The fifth
// version can say that the input has ended.
const (
	execProtocol = "v5.channel.k8s.io"
	execStdin    = 0
	execStdout   = 1
	execStderr   = 2
	execStatus   = 3
	execClose    = 255
)

// outputBytes bounds what is kept of a program's output.
const outputBytes = 64 << 10

// session is a program that runs in a pod, started through an API server.
type session struct {
	conn *websocket.Conn
	// ended is closed when the program has, and nothing is written any more.
	ended chan struct{}

	mu     sync.Mutex
	output strings.Builder
	status meta.Status
}

// execute starts a program in the first container of a pod, and gives it its input. client-go's own way cannot be told how to
// dial.
func (a *api) execute(ctx context.Context, namespace, pod, input string, command ...string) (*session, error) {
	raw, err := a.dial(ctx, "tcp", a.address)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { _ = raw.Close() })()
	dialer := websocket.Dialer{
		TLSClientConfig: a.config.Clone(), Subprotocols: []string{execProtocol},
		NetDialContext: func(context.Context, string, string) (net.Conn, error) { return undated{raw}, nil },
	}
	target := url.URL{
		Scheme: "wss", Host: a.address, Path: fmt.Sprintf("/api/v1/namespaces/%s/pods/%s/exec", namespace, pod),
		RawQuery: url.Values{"command": command, "stdin": {"true"}, "stdout": {"true"}, "stderr": {"true"}}.Encode(),
	}
	conn, response, err := dialer.DialContext(ctx, target.String(), nil) //nolint:bodyclose // refusal closes it; a session has none
	if err != nil {
		_ = raw.Close()
		return nil, refusal(response, err)
	}
	s := &session{conn: conn, ended: make(chan struct{})}
	go s.read()
	for _, message := range [][]byte{append([]byte{execStdin}, input...), {execClose, execStdin}} {
		if err := conn.WriteMessage(websocket.BinaryMessage, message); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

// undated is a connection through SSH, which knows no deadlines: whoever sets one closes it besides, when its context ends.
type undated struct{ net.Conn }

func (undated) SetDeadline(time.Time) error      { return nil }
func (undated) SetReadDeadline(time.Time) error  { return nil }
func (undated) SetWriteDeadline(time.Time) error { return nil }

// refusal is why an API server does not begin a session, in its own words where it has some.
func refusal(response *http.Response, err error) error {
	if response == nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	data, _ := io.ReadAll(io.LimitReader(response.Body, answerBytes))
	var status meta.Status
	if json.Unmarshal(data, &status) == nil && status.Message != "" {
		return fmt.Errorf("%s: %s", response.Status, status.Message)
	}
	return fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(data)))
}

func (s *session) read() {
	defer close(s.ended)
	for {
		_, message, err := s.conn.ReadMessage()
		if err != nil {
			return
		}
		if len(message) == 0 {
			continue
		}
		s.mu.Lock()
		switch message[0] {
		case execStdout, execStderr:
			if s.output.Len() < outputBytes {
				s.output.Write(message[1:])
			}
		case execStatus:
			_ = json.Unmarshal(message[1:], &s.status)
		}
		s.mu.Unlock()
	}
}

// said is what the program has written so far, and, once it has ended, how.
func (s *session) said() (output, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.output.String(), s.status.Message
}

// close ends the session, and with it the program.
func (s *session) close() {
	_ = s.conn.Close()
	<-s.ended
}
