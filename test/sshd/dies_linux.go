package sshd

import "syscall"

// dying makes a process end with the test that started it, also when that is killed.
func dying() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
