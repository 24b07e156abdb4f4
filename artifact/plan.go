package artifact

// Plan is what a command would do in the work directory, as a value: a decision per file, and the files to write.
// Committing Files is all that is left to do; printing Decisions is a dry run.
type Plan struct {
	Decisions []Decision
	Files     []Local
}

// Decision says what becomes of one file of the work directory, and why.
type Decision struct {
	// Path is relative to the work directory.
	Path   string
	Action Action
	// Reason is half a sentence, as in "is missing" or "the certificate was renewed".
	Reason string
}

// Action is what happens to a file of the work directory.
type Action string

// The actions.
const (
	Keep  Action = "keep"
	Write Action = "write"
)

// Keep records that a file stays as it is.
func (p *Plan) Keep(path, reason string) {
	p.Decisions = append(p.Decisions, Decision{Path: path, Action: Keep, Reason: reason})
}

// Write records that a file is written.
func (p *Plan) Write(f Local, reason string) {
	p.Decisions = append(p.Decisions, Decision{Path: f.Path, Action: Write, Reason: reason})
	p.Files = append(p.Files, f)
}
