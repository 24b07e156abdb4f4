// Package artifact is a file as a value: where it should stand on a host, with which mode and owner, where its bytes
// come from, which unit reads it and how. Trees of such files are what hardway renders, compares and delivers; the work
// directory is written only through Commit, which writes all files or none.
package artifact
