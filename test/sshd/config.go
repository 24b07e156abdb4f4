package sshd

import (
	"fmt"
	"os"
	"strings"
)

// programs is where distributions keep sftp-server: Debian, Fedora, SUSE, Alpine.
var programs = []string{
	"/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server", "/usr/libexec/sftp-server",
}

// config is the server's sshd_config. The log is detailed enough to tell whether anybody tried to log in.
func (s *Server) config() []byte {
	lines := append([]string{}, s.options.Config...)
	home, keys := s.path("home"), s.path("authorized_keys")
	if a := s.options.Account; a != nil {
		home, keys = a.home(), ".ssh/authorized_keys"
	}
	lines = append(lines,
		"ListenAddress "+s.Address,
		fmt.Sprint("Port ", s.Port),
		"AuthorizedKeysFile "+keys,
		"AuthenticationMethods publickey",
		"PermitRootLogin yes",
		"UsePAM no",
		"StrictModes no",
		"PidFile none",
		"PrintMotd no",
		"LogLevel DEBUG1",
		// Else every command would run the login shell's start-up files of whoever runs the test.
		"SetEnv HOME="+home,
	)
	for _, kind := range s.options.HostKeys {
		lines = append(lines, "HostKey "+s.hostKeyFile(kind))
	}
	if answer := s.options.SFTP.subsystem(); answer != "" {
		lines = append(lines, "Subsystem sftp "+answer)
	}
	return []byte(strings.Join(lines, "\n") + "\n")
}

func (f SFTP) subsystem() string {
	switch f {
	case NoSFTP:
		return ""
	case Program:
		return firstOf(programs)
	}
	return string(f)
}

// firstOf is the first path at which something stands, or the first one, for the message that it is missing.
func firstOf(paths []string) string {
	for _, p := range paths {
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return paths[0]
}
