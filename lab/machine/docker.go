package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// docker runs the docker command and gives what it prints, without the last line's end. input may be nil.
func docker(ctx context.Context, input io.Reader, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "docker", args...)
	var out, errs bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = input, &out, &errs
	if err := command.Run(); err != nil {
		return "", dockerError(args, errs.String(), err)
	}
	return strings.TrimRight(out.String(), "\n"), nil
}

// dockerError names the verb and what it was for, and not every flag; what docker says of it comes first.
func dockerError(args []string, said string, err error) error {
	words := args[:min(2, len(args))]
	said = strings.TrimPrefix(strings.TrimSpace(said), "Error response from daemon: ")
	if said == "" {
		return fmt.Errorf("failed to run docker %s: %w", strings.Join(words, " "), err)
	}
	return fmt.Errorf("failed to run docker %s: %s", strings.Join(words, " "), said)
}

// lines is docker's answer as one item per line, none for an empty answer.
func lines(ctx context.Context, args ...string) ([]string, error) {
	out, err := docker(ctx, nil, args...)
	if err != nil || out == "" {
		return nil, err
	}
	return strings.Split(out, "\n"), nil
}

// ErrNoDocker says that there is no docker command, or no daemon that answers it.
var ErrNoDocker = errors.New("docker does not answer")

// answers asks whether there is a daemon to speak to.
func answers(ctx context.Context) error {
	if _, err := docker(ctx, nil, "version", "--format", "{{.Server.Version}}"); err != nil {
		return fmt.Errorf("%w: %w", ErrNoDocker, err)
	}
	return nil
}
