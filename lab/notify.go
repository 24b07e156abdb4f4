package lab

import (
	"fmt"
	"net"
	"strings"
	"syscall"
)

// notifySocket is where a service of Type=notify says that it is ready: sd_notify(3). It has an abstract name, which
// leaves nothing behind and knows no limit by the length of folders.
type notifySocket struct {
	conn *net.UnixConn
	name string
}

func newNotifySocket(name string) (*notifySocket, error) {
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: "@" + name, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("failed to listen for notifications: %w", err)
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		var option error
		err = raw.Control(func(fd uintptr) {
			option = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_PASSCRED, 1)
		})
		if err == nil {
			err = option
		}
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("failed to listen for notifications: %w", err)
	}
	return &notifySocket{conn: conn, name: "@" + name}, nil
}

func (n *notifySocket) close() { _ = n.conn.Close() }

// ready is closed when a process that is accepted says READY=1.
func (n *notifySocket) ready(accept func(pid int) bool) <-chan struct{} {
	ready := make(chan struct{})
	go func() {
		message, control := make([]byte, 4096), make([]byte, syscall.CmsgSpace(syscall.SizeofUcred))
		for {
			size, controlSize, _, _, err := n.conn.ReadMsgUnix(message, control)
			if err != nil {
				return
			}
			pid := sender(control[:controlSize])
			if accept(pid) && saysReady(string(message[:size])) {
				close(ready)
				return
			}
		}
	}()
	return ready
}

func saysReady(message string) bool {
	for line := range strings.Lines(message) {
		if strings.TrimSpace(line) == "READY=1" {
			return true
		}
	}
	return false
}

// sender is the process that the kernel says a message is from; 0 if it does not say.
func sender(control []byte) int {
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		return 0
	}
	for _, m := range messages {
		if credentials, err := syscall.ParseUnixCredentials(&m); err == nil {
			return int(credentials.Pid)
		}
	}
	return 0
}
