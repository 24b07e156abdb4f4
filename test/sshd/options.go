package sshd

// Options is how a server differs from the usual one; the zero value is a server with an ed25519 key and SFTP.
type Options struct {
	// HostKeys are the kinds of key the host has; empty means ed25519 alone.
	HostKeys []Kind
	// SFTP is who answers for the subsystem.
	SFTP SFTP
	// Authorized is further lines for authorized_keys, beside the server's own client key.
	Authorized []string
	// Config is further lines for sshd_config. OpenSSH takes the first of two lines that disagree, and these come first.
	Config []string
	// Account is who can log in, and use sudo as its sudoers say; nil means whoever runs the test.
	Account *Account
	// Address and Port are where it listens; empty is 127.0.0.1 and a port that is free there.
	Address string
	Port    int
	// Under is a command that becomes the server: its words stand before the server's own, as in `unshare --mount`.
	Under []string
}

// Kind is a kind of key, as ssh-keygen -t calls it.
type Kind string

// The kinds of key.
const (
	Ed25519 Kind = "ed25519"
	ECDSA   Kind = "ecdsa"
	RSA     Kind = "rsa"
)

// SFTP is who answers for the SFTP subsystem.
type SFTP string

// The ways to offer SFTP. Distributions configure the program; InProcess saves its start.
const (
	Program   SFTP = ""
	InProcess SFTP = "internal-sftp"
	NoSFTP    SFTP = "none"
)
