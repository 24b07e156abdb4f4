package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"

	"github.com/gofrs/flock"
	"github.com/urfave/cli/v2"

	"hardway/lab"
)

// readyWord is what serve tells the process that started it once every host listens; anything else is an error.
const readyWord = "ready\n"

// readyFile is the file descriptor on which it does.
const readyFile = 3

// serve is the background process: it runs the hosts until it is told to end.
func (p *program) serve(ctx *cli.Context) error {
	at, err := placeOf(ctx)
	if err != nil {
		return err
	}
	// What the hosts start must not keep it open: up waits for its end.
	syscall.CloseOnExec(readyFile)
	ready := os.NewFile(readyFile, "ready")
	stop, err := at.serve(ctx.Context)
	if err != nil {
		_, _ = io.WriteString(ready, err.Error())
		_ = ready.Close()
		return err
	}
	_, _ = io.WriteString(ready, readyWord)
	_ = ready.Close()
	<-ctx.Done()
	return stop()
}

// serve starts everything, and gives what stops it.
func (p place) serve(ctx context.Context) (stop func() error, err error) {
	c, err := p.readConfig()
	if err != nil {
		return nil, err
	}
	lock, err := p.take()
	if err != nil {
		return nil, err
	}
	l, err := lab.Start(ctx, p.options(c))
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	control, err := p.listen(l)
	if err == nil {
		err = trust(p, l.KnownHosts())
	}
	stop = func() error {
		return errors.Join(control.Close(), l.Close(), os.Remove(p.pid()), lock.Unlock())
	}
	if err != nil {
		return nil, errors.Join(err, l.Close(), lock.Unlock())
	}
	return stop, nil
}

// take locks the file with the process id; the lock goes with the process, however it ends.
func (p place) take() (*flock.Flock, error) {
	lock := flock.New(p.pid())
	held, err := lock.TryLock()
	if err == nil && !held {
		err = errors.New("a lab runs there")
	}
	if err == nil {
		err = os.WriteFile(p.pid(), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644)
	}
	if err != nil {
		return nil, fmt.Errorf("failed to take %s: %w", p.dir, err)
	}
	return lock, nil
}
