package remote

import (
	"context"
	"strings"
)

// Script is a fixed piece of POSIX shell that only looks; what it prints is its answer. The name is what it is called in
// a process list and begins with hardway-. Arguments hold no line break.
type Script struct {
	Name, Text string
	Args       []string
}

// scriptPrefix begins the name of every script.
const scriptPrefix = "hardway-"

// Command is the command that runs the script.
func (s Script) Command() Command {
	return Command{Name: "sh", Args: append([]string{"-c", s.Text, s.Name}, s.Args...)}
}

// scriptArgs is how many arguments stand before a script's own: -c, its text, its name.
const scriptArgs = 3

// Script is the script that the command runs, whatever its text: who accepts only some has to compare that.
func (c Command) Script() (Script, bool) {
	if c.Name != "sh" || len(c.Args) < scriptArgs || c.Args[0] != "-c" || !strings.HasPrefix(c.Args[2], scriptPrefix) {
		return Script{}, false
	}
	return Script{Name: c.Args[2], Text: c.Args[1], Args: c.Args[scriptArgs:]}, true
}

// Ask runs a script and gives what it printed.
func (c *Client) Ask(ctx context.Context, s Script) ([]byte, error) {
	answer, err := c.run(ctx, s.Command())
	if err != nil {
		return nil, c.failed("failed to run "+s.Name, "is it a Linux host with coreutils?", err)
	}
	return answer, nil
}
