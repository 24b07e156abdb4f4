package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"

	"io"
)

// row is one line of the report.
type row struct {
	name, ours, other, ratio, target string
	met                              bool
}

// target is what a figure has to reach: at least, or at most, or nothing.
type target struct {
	least, most float64
	none        bool
}

func atLeast(f float64) target { return target{least: f} }
func atMost(f float64) target  { return target{most: f} }

// floor is for a figure that says what others stand on: ours over the other's.
func floor() target { return target{most: math.Inf(1), none: true} }

func (t target) met(f float64) bool { return f >= t.least && (t.most == 0 || f <= t.most) }

func (t target) String() string {
	if t.none {
		return "-"
	}
	if t.most > 0 {
		return fmt.Sprintf("≤ %g", t.most)
	}
	return fmt.Sprintf("≥ %g", t.least)
}

// times is the target of a ratio.
func (t target) times() string {
	if t.none {
		return "-"
	}
	return t.String() + "×"
}

// figure is a number with two or three digits.
func figure(f float64) string {
	switch {
	case f < 10:
		return fmt.Sprintf("%.2f", f)
	case f < 100:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.0f", f)
}

// report prints the rows below each other, and what they were measured on.
func report(out io.Writer, b *bench, rows []row) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tOURS\tTHE OTHER'S\tRATIO\tTARGET\tRESULT")
	for _, r := range rows {
		result := "met"
		switch {
		case r.target == "-":
			result = "-"
		case !r.met:
			result = "MISSED"
		}
		fmt.Fprintln(w, strings.Join([]string{r.name, r.ours, r.other, r.ratio, r.target, result}, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	machine, err := machine(b.dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nMedians of %d rounds, in turns; in parentheses the lowest and the highest ratio of a round.\n%s\n", b.rounds, machine)
	return nil
}

// machine says what the figures hold for.
func machine(dir string) (string, error) {
	kind, err := fileSystem(dir)
	if err != nil {
		return "", err
	}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d cores, %s/%s, %s, file system %s, load at the end %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH,
		runtime.Version(), kind, strings.Fields(string(load))[0]), nil
}

// fileSystem is the type of the mount that holds a directory.
func fileSystem(dir string) (string, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return "", err
	}
	var longest, kind string
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		at := strings.TrimSuffix(fields[1], "/") + "/"
		if strings.HasPrefix(dir+"/", at) && len(at) >= len(longest) {
			longest, kind = at, fields[2]
		}
	}
	return kind, nil
}
