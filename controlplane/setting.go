package controlplane

import (
	"slices"

	"hardway/artifact"
)

// setting is one flag of a component. Where its value is the path of a file that is read, read says what for and what a
// change of the file takes, so that the command line and the table of reads cannot drift apart.
type setting struct {
	name, value string
	read        *artifact.Read
}

// plain is a flag that names no file the component reads.
func plain(name, value string) setting { return setting{name: name, value: value} }

// file is a flag that names a file.
func file(name, path string, use artifact.Use, peer string, effect artifact.Effect) setting {
	return setting{name: name, value: path, read: &artifact.Read{Path: path, Use: use, Peer: peer, Effect: effect}}
}

// pair is the two flags that name a certificate and its key.
func pair(certFlag, keyFlag, name string, use artifact.Use, peer string, effect artifact.Effect) []setting {
	return []setting{file(certFlag, cert(name), use, peer, effect), file(keyFlag, key(name), use, peer, effect)}
}

func flags(settings []setting) []artifact.Flag {
	var out []artifact.Flag
	for _, s := range settings {
		out = append(out, artifact.Flag{Name: s.name, Value: s.value})
	}
	return out
}

// reads is the rows of a unit: of its flags, then those of the files that its files name. Each row stands once.
func reads(unit string, settings []setting, further ...artifact.Read) []artifact.Read {
	var out []artifact.Read
	for _, s := range settings {
		if s.read != nil {
			out = append(out, *s.read)
		}
	}
	out = append(out, further...)
	for i := range out {
		out[i].Unit = unit
	}
	var distinct []artifact.Read
	for _, r := range out {
		if !slices.Contains(distinct, r) {
			distinct = append(distinct, r)
		}
	}
	return distinct
}
