package main

import "hardway/test/sshd"

// hostOptions is a host like a server's: bash, which runs ~/.bashrc for a command over SSH, does not do so at a deeper
// shell level. What the person who runs this has in there is no part of the comparison, and may take longer than all of it.
func hostOptions() sshd.Options { return sshd.Options{Config: []string{"SetEnv SHLVL=1"}} }
