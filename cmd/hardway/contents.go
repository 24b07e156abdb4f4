package main

import (
	"fmt"
	"io"
	"strings"

	"hardway/plan"
	"hardway/rollout"
)

// writeContents prints what changes do to files, in the order of the changes: as `diff -u` does for text, by digest for
// what is not shown, and modes and owners as git does.
func writeContents(w io.Writer, paint painter, r plan.Report) {
	for _, c := range r.Changes {
		contents, known := r.Contents[c]
		if !known {
			continue
		}
		lines := strings.Split(strings.TrimSuffix(contents.Diff, "\n"), "\n")
		if contents.Diff == "" {
			lines = []string{fmt.Sprintf("diff %s:%s", c.Host, c.Subject)}
		}
		heading := append(lines[:1:1], attributes(contents)...)
		for _, line := range heading {
			fmt.Fprintln(w, paint.bold(printable(line)))
		}
		if contents.Hidden != "" {
			fmt.Fprintf(w, "%s\n%s\nnot shown: %s\n", paint.red("-"+stand(contents.Old)), paint.green("+"+stand(contents.New)), contents.Hidden)
		}
		for _, line := range lines[1:] {
			fmt.Fprintln(w, paintLine(paint, printable(line)))
		}
	}
	if len(r.Contents) > 0 {
		fmt.Fprintln(w)
	}
}

// attributes is the modes and owners that change.
func attributes(c rollout.Contents) []string {
	if c.Old == nil || c.New == nil {
		return nil
	}
	var lines []string
	if c.Old.Mode != c.New.Mode {
		lines = append(lines, "old mode "+c.Old.Mode, "new mode "+c.New.Mode)
	}
	if c.Old.Owner != c.New.Owner {
		lines = append(lines, "old owner "+c.Old.Owner, "new owner "+c.New.Owner)
	}
	return lines
}

func stand(s *rollout.Stand) string {
	if s == nil {
		return "nothing"
	}
	return fmt.Sprintf("sha256:%s %d bytes", s.SHA256, s.Size)
}

func paintLine(paint painter, line string) string {
	switch {
	case strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "):
		return paint.bold(line)
	case strings.HasPrefix(line, "@@"):
		return paint.cyan(line)
	case strings.HasPrefix(line, "-"):
		return paint.red(line)
	case strings.HasPrefix(line, "+"):
		return paint.green(line)
	}
	return line
}
