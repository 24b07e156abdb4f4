// Package remote reaches hosts over SSH and SFTP: dial with strict host keys, look, stage, commit, run one of a fixed
// set of commands, forward a socket. One implementation has two faces: a Looker cannot change anything.
package remote
