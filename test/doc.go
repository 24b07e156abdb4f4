// Package test holds what spans the whole house: the main job on rehearsal hosts, and the documents that have to agree
// with the code.
package test
