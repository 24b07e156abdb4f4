// Package sshd starts OpenSSH servers for tests and benchmarks: each has its own keys, configuration and port on
// 127.0.0.1, lets in the user who runs the test with one key, and ends with the test. Nothing outside its directory is
// touched, but for /run/sshd, which OpenSSH insists on when it runs as root and which is made where it is missing.
package sshd
