//go:build !linux

package sshd

import "syscall"

// dying has no means here to make a process end with the test that started it when that is killed.
func dying() *syscall.SysProcAttr { return nil }
