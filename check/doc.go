// Package check looks at hosts and says what it found: one row per host and check, each with what was seen and what to
// try. Facts of a host are gathered by one script in one command; every check is a small function of the facts of all
// hosts, of the connections that were tried between them, and of the spec. Checks change nothing on a host. Two leave a
// trace while they run: where etcd's data is to stand, a temporary file without a name takes a hundred small synchronous
// writes, and where nothing listens yet, a listener takes connections until the others have been asked.
package check
