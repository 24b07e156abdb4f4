package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

// asker asks for secrets: on the terminal without echo, or where there is none by the program that SSH_ASKPASS names, as ssh
// does.
type asker struct {
	program *program
	ctx     context.Context
	askpass string
	// one question at a time.
	mu sync.Mutex
}

// asker is nil where nobody can be asked: without a terminal, and in unattended runs.
func (p *program) asker(ctx *cli.Context) *asker {
	helper, _ := p.lookup("SSH_ASKPASS")
	require, _ := p.lookup("SSH_ASKPASS_REQUIRE")
	display, _ := p.lookup("DISPLAY")
	terminal := isTerminal(p.streams.In)
	switch {
	case ctx.Bool("yes"):
		return nil
	case helper != "" && (require == "force" || require == "prefer" || !terminal && display != "" && require != "never"):
		return &asker{program: p, ctx: ctx.Context, askpass: helper}
	case terminal:
		return &asker{program: p, ctx: ctx.Context}
	}
	return nil
}

// passphrase of an identity file.
func (a *asker) passphrase(file string) ([]byte, error) {
	return a.ask(fmt.Sprintf("passphrase of %s: ", file))
}

// password that sudo wants, first on that host.
func (a *asker) password(user, host string) ([]byte, error) {
	return a.ask(fmt.Sprintf("password of %s for sudo on %s, and wherever else it is wanted: ", user, host))
}

func (a *asker) ask(prompt string) (answer []byte, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.program.undisturbed(func() { answer, err = a.put(prompt) })
	return answer, err
}

func (a *asker) put(prompt string) ([]byte, error) {
	if a.askpass != "" {
		return a.run(prompt)
	}
	in, ok := a.program.streams.In.(*os.File)
	if !ok {
		return nil, errors.New("standard input is no terminal")
	}
	return a.read(int(in.Fd()), prompt)
}

// read puts the question when the echo is off, because an answer may come at once, and gives the terminal its echo back also
// when the run is stopped in the middle.
func (a *asker) read(terminal int, prompt string) ([]byte, error) {
	before, err := term.GetState(terminal)
	if err != nil {
		return nil, err
	}
	type answer struct {
		text []byte
		err  error
	}
	given := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(terminal)
		given <- answer{text, err}
	}()
	awaitOther(terminal, before)
	fmt.Fprint(a.program.streams.Err, prompt)
	defer fmt.Fprintln(a.program.streams.Err)
	select {
	case a := <-given:
		return a.text, a.err
	case <-a.ctx.Done():
		return nil, errors.Join(a.ctx.Err(), term.Restore(terminal, before))
	}
}

// awaitOther returns when the terminal is in another state than before; soon also where it never is, because the state was
// that of no echo already.
func awaitOther(terminal int, before *term.State) {
	for range 200 {
		if now, err := term.GetState(terminal); err != nil || *now != *before {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (a *asker) run(prompt string) ([]byte, error) {
	command := exec.CommandContext(a.ctx, a.askpass, prompt)
	command.Stderr = a.program.streams.Err
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s (SSH_ASKPASS): %w", a.askpass, err)
	}
	return bytes.TrimRight(out, "\r\n"), nil
}
