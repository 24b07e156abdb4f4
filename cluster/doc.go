// Package cluster is what the operator wants: the spec of a cluster.yaml, its nodes and roles, and the one kind of
// finding that every part of hardway reports. It parses strictly, fills in defaults, validates everything in one go,
// and knows nothing of files, hosts or certificates.
package cluster
