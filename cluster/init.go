package cluster

import (
	_ "embed"
	"slices"
)

// InitFile is a file that a new work directory begins with.
type InitFile struct {
	// Path is relative to the work directory.
	Path string
	Data []byte
}

//go:embed template/cluster.yaml
var template []byte

//go:embed template/gitignore
var gitignore []byte

// Template is a commented cluster.yaml that is valid as it stands and says every default.
func Template() []byte { return slices.Clone(template) }

// InitFiles is what hardway init writes, in this order. The caller writes them, and never over a file that stands there.
func InitFiles() []InitFile {
	return []InitFile{{"cluster.yaml", Template()}, {".gitignore", slices.Clone(gitignore)}}
}
