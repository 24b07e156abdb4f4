package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"hardway/cluster"
	"hardway/plan"
	"hardway/rollout"
)

// document is what -o json prints: one per run, on every exit.
type document struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Items      []any             `json:"items"`
	Problems   []cluster.Problem `json:"problems"`
	Changes    []change          `json:"changes"`
}

// change is a change with what it does to a file's contents, where that is known.
type change struct {
	plan.Change
	*rollout.Contents
}

// kindOf is the report's kind: "etcd verify" gives EtcdVerifyReport, "encryption-config" EncryptionConfigReport.
func kindOf(command string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(command, func(r rune) bool { return r == ' ' || r == '-' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String() + "Report"
}

func writeJSON(w io.Writer, command string, r plan.Report) error {
	doc := document{cluster.APIVersion, kindOf(command), r.Items, r.Problems, []change{}}
	for _, c := range r.Changes {
		row := change{Change: c}
		if contents, known := r.Contents[c]; known {
			row.Contents = &contents
		}
		doc.Changes = append(doc.Changes, row)
	}
	if doc.Items == nil {
		doc.Items = []any{}
	}
	if doc.Problems == nil {
		doc.Problems = []cluster.Problem{}
	}
	enc := json.NewEncoder(jsonWriter{w})
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(doc)
}

// writeText prints tables for a person: what was found, what changes, what is wrong, and the notes.
func writeText(w io.Writer, paint painter, r plan.Report, dryRun bool) error {
	writeContents(w, paint, r)
	writeTable(w, r.Table)
	if len(r.Changes) > 0 && (len(r.Table.Rows) == 0 || r.ListChanges) {
		rows := make([][]string, len(r.Changes))
		for i, c := range r.Changes {
			rows[i] = []string{c.Host, c.Action, c.Subject, c.Reason}
		}
		header := "DONE"
		if dryRun || r.Found {
			header = "WOULD"
		}
		writeTable(w, plan.Table{Header: []string{"HOST", header, "WHAT", "WHY"}, Rows: rows})
	}
	if len(r.Problems) > 0 {
		rows := make([][]string, len(r.Problems))
		for i, p := range r.Problems {
			rows[i] = []string{p.Host, p.Subject, p.Message, p.Hint}
		}
		writeTable(w, plan.Table{Header: []string{"HOST", "SUBJECT", "PROBLEM", "TRY"}, Rows: rows})
	}
	for _, note := range r.Notes {
		fmt.Fprintln(w, printable(note))
	}
	return nil
}

// writeTable leaves out a column that is empty in every row.
func writeTable(w io.Writer, t plan.Table) {
	if len(t.Rows) == 0 {
		return
	}
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	defer tw.Flush()
	used := usedColumns(t)
	for _, row := range append([][]string{t.Header}, t.Rows...) {
		var cells []string
		for i, text := range row {
			if used[i] {
				cells = append(cells, cell(text))
			}
		}
		fmt.Fprintln(tw, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
}

func usedColumns(t plan.Table) []bool {
	used := make([]bool, len(t.Header))
	for _, row := range t.Rows {
		for i, cell := range row {
			used[i] = used[i] || cell != ""
		}
	}
	return used
}

// writeError says what went wrong, on which host, and what to try.
func writeError(w io.Writer, paint painter, err error) {
	for _, p := range cluster.ProblemsOf(err) {
		fmt.Fprintf(w, "%s %s\n", paint.red("error:"), paragraph(p.String()))
		if p.Hint != "" {
			fmt.Fprintf(w, "%s %s\n", paint.bold("hint:"), paragraph(p.Hint))
		}
	}
}

// painter colours words for a terminal, and leaves them alone elsewhere or where NO_COLOR is set.
type painter bool

func (p painter) red(s string) string   { return p.with("31", s) }
func (p painter) green(s string) string { return p.with("32", s) }
func (p painter) cyan(s string) string  { return p.with("36", s) }
func (p painter) bold(s string) string  { return p.with("1", s) }

func (p painter) with(code, s string) string {
	if !p {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
