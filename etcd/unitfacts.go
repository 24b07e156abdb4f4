package etcd

import (
	"strings"

	"hardway/artifact"
)

// UnitFacts reads what Judge wants to know of a delivered unit file. content is nil where there is none; dataEmpty says
// that LogDir is missing or empty on the host.
func UnitFacts(host string, content []byte, dataEmpty bool) DeliveredUnit {
	u := DeliveredUnit{Host: host, DataEmpty: dataEmpty}
	if content == nil {
		return u
	}
	options, err := artifact.Unit(artifact.File{Path: artifact.UnitDir + "/" + Unit, Content: artifact.Bytes(content)})
	if err != nil {
		u.Error = err.Error()
		return u
	}
	u.Present = true
	for _, o := range options {
		if o.Section == "Service" && o.Name == "ExecStart" {
			u.Name, u.Token, u.InitialCluster = flagOf(o.Value, "name"), flagOf(o.Value, "initial-cluster-token"), flagOf(o.Value, "initial-cluster")
		}
	}
	return u
}

// flagOf is the value of --name=value in a command line, empty without it.
func flagOf(command, name string) string {
	for _, word := range strings.Fields(command) {
		if value, ok := strings.CutPrefix(word, "--"+name+"="); ok {
			return value
		}
	}
	return ""
}
