// Package manifests is the objects that a cluster needs inside: who may do what, its Nodes, DNS and metrics. They are typed
// and rendered to manifests/*.yaml in the work directory, where they can be read and reviewed, and applied from there by
// server-side apply as the field manager "hardway".
//
// A set is one file. Every object in it carries a label that says so, by which what a set no longer wants is found in the
// cluster and taken off. Nodes are the exception: they are never deleted here, because that would take their pods along.
package manifests
