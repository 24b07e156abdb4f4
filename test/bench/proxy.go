package main

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// proxy stands before a server and is as far away from it as it is told to be.
type proxy struct {
	listener net.Listener
	server   string
	// delay is how long what goes through takes, in nanoseconds, in each direction.
	delay atomic.Int64
	open  sync.WaitGroup
}

// newProxy listens on an address, port 0 for any, until it is closed.
func newProxy(ctx context.Context, address, server string) (*proxy, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: listener, server: server}
	go p.accept()
	return p, nil
}

func (p *proxy) setRoundTrip(d time.Duration) { p.delay.Store(int64(d / 2)) }

// close stops listening; connections end with their clients.
func (p *proxy) close() error {
	err := p.listener.Close()
	p.open.Wait()
	return err
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.open.Go(func() { p.serve(client) })
	}
}

// serve passes on until one side closes; the other is closed then, too.
func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	var answers sync.WaitGroup
	answers.Go(func() { p.carry(client, server) })
	p.carry(server, client)
	answers.Wait()
}

// parcel is bytes on their way, and when they arrive.
type parcel struct {
	data []byte
	due  time.Time
}

// carry delays what it carries without slowing it down: any number of parcels are on their way at once.
func (p *proxy) carry(to, from net.Conn) {
	way := make(chan parcel, 1024)
	go func() {
		defer close(way)
		buffer := make([]byte, 64<<10)
		for {
			n, err := from.Read(buffer)
			if n > 0 {
				way <- parcel{append([]byte{}, buffer[:n]...), time.Now().Add(time.Duration(p.delay.Load()))}
			}
			if err != nil {
				return
			}
		}
	}()
	var err error
	for parcel := range way {
		time.Sleep(time.Until(parcel.due))
		if err == nil {
			_, err = to.Write(parcel.data)
		}
	}
	_ = to.Close()
}
