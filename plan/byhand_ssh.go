package plan

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"hardway/artifact"
	"hardway/cluster"
)

// sftpServer is where Debian and Ubuntu keep the server that users without root's rights start through sudo.
const sftpServer = "/usr/lib/openssh/sftp-server"

// hand is how a person reaches one node: with the user, port, key and jumps of the spec, and no host key but a known one.
type hand struct {
	node     cluster.Node
	settings cluster.SSH
}

func handOn(spec *cluster.Spec, node cluster.Node) hand {
	return hand{node, spec.SSHFor(node).Or(cluster.DefaultSSH())}
}

// on is a command typed on the node, here one typed for it in the work directory.
func (h hand) on(says, line string) Command {
	return Command{Where: h.node.Name, Says: h.node.Name + ": " + says, Line: line}
}

func (h hand) here(says, line string) Command {
	return Command{Says: h.node.Name + ": " + says, Line: line}
}

// local is where a file's bytes stand in the work directory.
func (h hand) local(f artifact.File) string { return local(h.node, f) }

// run is a line of shell on the node; it leaves the standard input of whoever runs it alone.
func (h hand) run(line string) string { return "ssh -n " + h.remote(line) }

// pipe is a line of shell on the node that is fed by what stands before it.
func (h hand) pipe(line string) string { return "ssh " + h.remote(line) }

func (h hand) remote(line string) string {
	if h.sudo() {
		line = "sudo -n sh -c " + quote(line)
	}
	return strings.Join([]string{"-p", strconv.Itoa(h.settings.Port), h.options(), h.settings.User + "@" + h.node.PrimaryAddress(), quote(line)}, " ")
}

// sftp runs a batch: it ends at the first command that fails.
func (h hand) sftp(batch ...string) string { return heredoc(h.batch(), lines(batch...)) }

// batch reads what to do from its standard input.
func (h hand) batch() string {
	words := []string{"sftp -q -b - -P", strconv.Itoa(h.settings.Port), h.options()}
	if h.sudo() {
		words = append(words, "-s", quote("sudo -n "+sftpServer))
	}
	return strings.Join(append(words, h.settings.User+"@"+bracketed(h.node.PrimaryAddress())), " ")
}

func (h hand) sudo() bool {
	return h.settings.Sudo != nil && *h.settings.Sudo && h.settings.User != "root"
}

func (h hand) options() string {
	words := hostKeyOptions()
	if file := h.settings.IdentityFile; file != "" {
		words = append(words, "-i", file, "-o", "IdentitiesOnly=yes")
	}
	if proxy := h.proxy(); proxy != "" {
		words = append(words, "-o", "ProxyCommand="+proxy)
	}
	return quoteAll(words)
}

func hostKeyOptions() []string {
	return []string{"-o", "UserKnownHostsFile=known_hosts", "-o", "StrictHostKeyChecking=yes"}
}

// proxy is the command that reaches the node through all jumps. ProxyJump would not do: the ssh it starts knows nothing
// of this cluster's known_hosts. Each command is an argument of the next, where ssh expands percent signs once more, and
// wants quotes that nest: a backslash in single quotes is to ssh not what it is to a shell.
func (h hand) proxy() string {
	command := ""
	for _, jump := range h.settings.Jump {
		user, host, port := hop(jump, h.settings.User)
		words := append([]string{"ssh", "-p", port}, hostKeyOptions()...)
		if file := h.settings.IdentityFile; file != "" {
			words = append(words, "-i", file, "-o", "IdentitiesOnly=yes")
		}
		if command != "" {
			words = append(words, "-o", "ProxyCommand="+strings.ReplaceAll(command, "%", "%%"))
		}
		command = doubleQuoteAll(append(words, "-W", "[%h]:%p", user+"@"+host))
	}
	return command
}

// hop reads [user@]host[:port].
func hop(text, defaultUser string) (user, host, port string) {
	user, address, given := strings.Cut(text, "@")
	if !given {
		user, address = defaultUser, text
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return user, strings.Trim(address, "[]"), "22"
	}
	return user, host, port
}

// bracketed is an address as URLs have it: IPv6 in brackets.
func bracketed(host string) string {
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is6() {
		return "[" + host + "]"
	}
	return host
}

func doubleQuoteAll(words []string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`")
	quoted := make([]string, len(words))
	for i, w := range words {
		if quoted[i] = w; quote(w) != w {
			quoted[i] = `"` + escape.Replace(w) + `"`
		}
	}
	return strings.Join(quoted, " ")
}
