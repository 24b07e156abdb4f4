// Package binaries is the plain executables that hosts run: which of them stand in the work directory and where each is
// delivered on a host.
package binaries
