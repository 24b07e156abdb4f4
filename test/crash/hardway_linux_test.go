package crash

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"

	"hardway/plan"
	"hardway/test/crash/trace"
)

// hardway runs the program in a work directory; it has to end well.
func hardway(work string, args ...string) (out string, err error) {
	command := exec.Command(hardwayBinary, args...)
	command.Dir, command.Env = work, environment(work)
	data, err := command.CombinedOutput()
	if err != nil {
		return string(data), fmt.Errorf("hardway %s: %w\n%s", strings.Join(args, " "), err, data)
	}
	return string(data), nil
}

// changes is what a run of the program says that it changed.
func changes(work string, args ...string) ([]plan.Change, error) {
	command := exec.Command(hardwayBinary, append(args, "-o", "json")...)
	command.Dir, command.Env = work, environment(work)
	data, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("hardway %s: %w\n%s", strings.Join(args, " "), err, data)
	}
	var report struct{ Changes []plan.Change }
	err = json.Unmarshal(data, &report)
	return report.Changes, err
}

func environment(work string) []string {
	return append(os.Environ(), "HOME="+work, "SSH_AUTH_SOCK=", "GOTRACEBACK=none")
}

// killed runs the program in a work directory and kills it at the n-th change it makes, never with n = 0.
func killed(n int, work string, args ...string) (trace.Run, string, error) {
	fd, err := unix.MemfdCreate("output", unix.MFD_CLOEXEC)
	if err != nil {
		return trace.Run{}, "", err
	}
	output := os.NewFile(uintptr(fd), "output")
	defer output.Close()
	run, err := trace.Command{
		Path: watchedBinary, Args: append([]string{"watched", hardwayBinary}, args...), Dir: work, Env: environment(work),
		Output: output, Kill: n,
	}.Start()
	if err != nil {
		return run, "", err
	}
	said, err := io.ReadAll(io.NewSectionReader(output, 0, 1<<20))
	if err == nil && !run.Killed && run.Code != 0 {
		err = fmt.Errorf("hardway %s: exit %d without having been killed\n%s", strings.Join(args, " "), run.Code, said)
	}
	return run, string(said), err
}
