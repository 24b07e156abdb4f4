// Package etcd is the members of a cluster's etcd: the files each stands on, who reads them and how, whether a member may
// be started and as what, and whether the members together are the one healthy cluster that the spec asks for.
//
// Verifying is split in two. Collect asks every member over the network and returns what it saw as plain data; Judge is
// pure and turns that data into a table of members and a list of problems. Deciding how to start members is pure as well.
//
// Flags and their defaults: https://etcd.io/docs/v3.6/op-guide/configuration/.
package etcd
