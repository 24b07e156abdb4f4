package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"hardway/cluster"
	"hardway/lab"
)

// up starts the lab in the background and writes what hardway needs to work on it.
func (p *program) up(ctx *cli.Context) error {
	if err := checkOutput(ctx); err != nil {
		return err
	}
	at, err := placeOf(ctx)
	if err != nil {
		return err
	}
	if err := checkDriver(ctx); err != nil {
		return err
	}
	if ctx.String("driver") == driverContainer {
		return p.upContainers(ctx, at)
	}
	want, text, err := planned(ctx, at)
	if err != nil {
		return err
	}
	if err := p.ensure(ctx.Context, at, want); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{at.gitignore(), []byte("*\n")}, {at.spec(), text}} {
		if err := writeNew(f.name, f.data, 0o644); err != nil {
			return err
		}
	}
	fmt.Fprintf(p.streams.Err, "%d hosts are up; the work directory is %s\n", len(want.Hosts), at.dir)
	return p.status(ctx)
}

// planned is the lab that the flags ask for and the cluster.yaml for it. Flags that make no sense are a wrong usage.
func planned(ctx *cli.Context, at place) (config, []byte, error) {
	base, err := netip.ParseAddr(ctx.String("base"))
	if err != nil {
		return config{}, nil, usagef("--base: %v", err)
	}
	port := ctx.Int("port")
	if port < 1 || port > 65535 {
		return config{}, nil, usagef("--port: want 1 to 65535, got %d", port)
	}
	all, endpoint, err := machines(ctx.Int("hosts"), base)
	if err != nil {
		return config{}, nil, err
	}
	text, spec, err := renderSpec(at, port, all, endpoint)
	if err != nil {
		return config{}, nil, err
	}
	existing, err := existingSpec(at, spec)
	if err != nil {
		return config{}, nil, err
	}
	return configFor(at, port, all, spec, existing), text, nil
}

func configFor(at place, port int, all []lab.Host, spec, existing *cluster.Spec) config {
	if existing != nil {
		spec = existing
	}
	return config{Port: port, BinDir: binDir(at, spec), Hosts: all}
}

// ensure starts the lab unless the same one runs.
func (p *program) ensure(ctx context.Context, at place, want config) error {
	pid, err := at.running()
	if err != nil {
		return err
	}
	if pid == 0 {
		if err := at.writeConfig(want); err != nil {
			return err
		}
		if err := launch(ctx, at); err != nil {
			return err
		}
		return answer(ctx, want)
	}
	got, err := at.readConfig()
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(got, want) {
		return hinted{fmt.Errorf("another lab runs in %s (process %d)", at.dir, pid), "hardway-lab down stops it, --dir names another place"}
	}
	return answer(ctx, want)
}

// launch starts this executable again, in the background and away from the terminal, and waits until it says that every
// host listens, or why not.
func launch(ctx context.Context, at place) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(at.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("failed to open the lab's log: %w", err)
	}
	defer log.Close()
	said, says, err := os.Pipe()
	if err != nil {
		return err
	}
	defer said.Close()
	cmd := exec.Command(self)
	cmd.Args = []string{"hardway-lab", "serve", "--dir", at.dir}
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = log, log, []*os.File{says}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	_ = says.Close()
	if err != nil {
		return fmt.Errorf("failed to start the lab: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	word, err := io.ReadAll(said)
	if err == nil && string(word) == readyWord {
		return cmd.Process.Release()
	}
	_ = cmd.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return hinted{errors.New(strings.TrimSpace("failed to start the lab: " + string(word))), "its log is " + at.log()}
}

// answerTimeout bounds how long hosts that listen may take to answer.
const answerTimeout = 10 * time.Second

// answer waits until every host greets as an SSH server does.
func answer(ctx context.Context, c config) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	for _, h := range c.Hosts {
		if err := greet(ctx, c.address(h)); err != nil {
			return fmt.Errorf("%s does not answer: %w", h.Name, err)
		}
	}
	return nil
}

func greet(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	greeting := make([]byte, len("SSH-2.0-"))
	if err := conn.SetReadDeadline(deadline); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, greeting); err != nil {
		return err
	}
	if string(greeting) != "SSH-2.0-" {
		return fmt.Errorf("%s is no SSH server", address)
	}
	return nil
}
