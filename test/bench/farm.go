package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/remote"
	"hardway/test/sshd"
)

// farm is OpenSSH servers, each on a loopback address of its own.
type farm struct {
	servers []*sshd.Server
	owner   string
}

// newFarm starts so many servers, whose files stand below dir.
func newFarm(dir string, n int) (_ *farm, err error) {
	f := &farm{}
	if f.owner, err = owner(); err != nil {
		return nil, err
	}
	for i := range n {
		sub := filepath.Join(dir, fmt.Sprintf("sshd%02d", i+1))
		if err := os.MkdirAll(sub, 0o700); err != nil {
			f.close()
			return nil, err
		}
		options := hostOptions()
		options.Address = fmt.Sprintf("127.0.1.%d", i+1)
		server, err := sshd.Open(sub, options)
		if err != nil {
			f.close()
			return nil, err
		}
		f.servers = append(f.servers, server)
	}
	return f, nil
}

func (f *farm) close() {
	for _, s := range f.servers {
		s.Close()
	}
}

// each does something with every server at once.
func (f *farm) each(do func(i int, s *sshd.Server) error) error {
	errs := make([]error, len(f.servers))
	var all sync.WaitGroup
	for i, s := range f.servers {
		all.Go(func() { errs[i] = do(i, s) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// shipment is files for hosts, as data: it is handed to a process of its own where memory is counted.
type shipment struct {
	Hosts []receiver
	Files []string
	Owner string
}

// receiver is a host, and the directory that the files go to.
type receiver struct {
	Name, Address, User, IdentityFile, KnownHosts, Dir string
	Port                                               int
}

// shipment is for the servers of these numbers; each gets the files in a directory of its own below dir.
func (f *farm) shipment(dir string, files []string, numbers ...int) (shipment, error) {
	s := shipment{Files: files, Owner: f.owner}
	for _, i := range numbers {
		server := f.servers[i]
		r := receiver{
			Name: fmt.Sprintf("host%d", i+1), Address: server.Address, Port: server.Port, User: server.User,
			IdentityFile: server.IdentityFile, KnownHosts: server.KnownHosts, Dir: landing(dir, i),
		}
		if err := os.MkdirAll(r.Dir, 0o700); err != nil {
			return s, err
		}
		s.Hosts = append(s.Hosts, r)
	}
	return s, nil
}

// landing is where the files for a server go.
func landing(dir string, i int) string { return filepath.Join(dir, strconv.Itoa(i+1)) }

// ship dials all hosts, stages on all, and then commits on all, as a delivery does.
func (s shipment) ship(ctx context.Context) error {
	clients, err := s.dial(ctx)
	defer func() {
		for _, c := range clients {
			if c != nil {
				_ = c.Close()
			}
		}
	}()
	if err != nil {
		return err
	}
	staged := make([]remote.Staged, len(s.Hosts))
	contents := map[string]artifact.Content{}
	for _, file := range s.Files {
		contents[file] = artifact.FromFile(file)
	}
	err = s.each(ctx, func(ctx context.Context, i int) (err error) {
		var list []artifact.File
		for _, file := range s.Files {
			list = append(list, artifact.File{
				Path: filepath.Join(s.Hosts[i].Dir, filepath.Base(file)), Mode: 0o600, Owner: s.Owner, Content: contents[file],
			})
		}
		staged[i], err = clients[i].Stage(ctx, list)
		return err
	})
	if err != nil {
		return err
	}
	return s.each(ctx, func(ctx context.Context, i int) error { return staged[i].Commit(ctx) })
}

func (s shipment) dial(ctx context.Context) ([]*remote.Client, error) {
	clients := make([]*remote.Client, len(s.Hosts))
	err := s.each(ctx, func(ctx context.Context, i int) (err error) {
		clients[i], err = s.Hosts[i].dial(ctx, nil)
		return err
	})
	return clients, err
}

func (s shipment) each(ctx context.Context, do func(context.Context, int) error) error {
	numbers := make([]int, len(s.Hosts))
	for i := range numbers {
		numbers[i] = i
	}
	return remote.ForEach(ctx, numbers, len(numbers), do)
}

// dial connects to the host, through connect where it is given.
func (r receiver) dial(ctx context.Context, connect func(context.Context, string, string) (net.Conn, error)) (*remote.Client, error) {
	dialer := remote.NewDialer(remote.Options{KnownHosts: r.KnownHosts, Connect: connect, SSH: func(cluster.Node) cluster.SSH {
		return cluster.SSH{User: r.User, Port: r.Port, IdentityFile: r.IdentityFile}
	}})
	return dialer.Dial(ctx, r.node())
}

func (r receiver) node() cluster.Node {
	return cluster.Node{Name: r.Name, Address: cluster.OneOrMore{r.Address}}
}

// shipWord makes this executable deliver the shipment that standard input holds as JSON.
const shipWord = "ship"

func shipFrom(ctx context.Context, in io.Reader) error {
	var s shipment
	if err := json.NewDecoder(in).Decode(&s); err != nil {
		return err
	}
	return s.ship(ctx)
}

// asProcess delivers in a process of its own.
func (s shipment) asProcess(ctx context.Context) (process, error) {
	self, err := os.Executable()
	if err != nil {
		return process{}, err
	}
	data, err := json.Marshal(s)
	if err != nil {
		return process{}, err
	}
	command := exec.CommandContext(ctx, self, shipWord)
	command.Stdin = bytes.NewReader(data)
	p, _, err := measure(command)
	return p, err
}

// timedOnce is how long something takes.
func timedOnce(do func() error) (time.Duration, error) {
	began := time.Now()
	err := do()
	return time.Since(began), err
}
