package cluster

import (
	"net"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation"
)

// loginName is what useradd takes, and capitals too, which directories hand out.
var loginName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$`)

func checkSSH(r *review) {
	ssh := r.spec.SSH
	r.ssh("spec.ssh", ssh)
	if ssh.Parallel < 1 || ssh.Parallel > maxParallel {
		r.report("spec.ssh.parallel", "write how many hosts to work on at once, as in 20", "is %d, want 1 to %d", ssh.Parallel, maxParallel)
	}
	for i, n := range r.spec.Hosts {
		r.hostSSH(hostPath(i, "ssh"), n.SSH)
	}
}

// maxParallel keeps a slip of the finger from opening more connections than a machine has sockets by default.
const maxParallel = 500

// hostSSH: what is left out is the cluster's.
func (r *review) hostSSH(path string, ssh SSH) {
	r.ssh(path, ssh)
	if ssh.Parallel != 0 {
		r.report(path+".parallel", "write it under spec.ssh", "is about all hosts, not about one")
	}
}

// ssh checks what is the same for the cluster and for one host.
func (r *review) ssh(path string, ssh SSH) {
	if ssh.User != "" && !loginName.MatchString(ssh.User) {
		r.report(path+".user", "write the user to log in as, as in root", "%q is no user name", short(ssh.User))
	}
	if ssh.Port != 0 {
		r.port(path+".port", ssh.Port)
	}
	if ssh.Timeout.Duration < 0 {
		r.positive(path+".timeout", ssh.Timeout, "30s")
	}
	if ssh.CommandTimeout.Duration < 0 {
		r.positive(path+".commandTimeout", ssh.CommandTimeout, "10m")
	}
	if strings.ContainsFunc(ssh.IdentityFile, unicode.IsControl) {
		r.report(path+".identityFile", "write the path of a private key, as in ~/.ssh/id_ed25519", "%q is no path", short(ssh.IdentityFile))
	}
	for i, jump := range ssh.Jump {
		if !isJump(jump) {
			r.report(listPath(path+".jump", ssh.Jump, i), "write user@host:port; user and port may be left out, an IPv6 address stands in brackets",
				"%q is no host to jump over", short(jump))
		}
	}
}

// isJump reports whether text is [user@]host[:port].
func isJump(text string) bool {
	rest := text
	if i := strings.LastIndexByte(text, '@'); i >= 0 {
		if !loginName.MatchString(text[:i]) {
			return false
		}
		rest = text[i+1:]
	}
	host := rest
	if h, port, err := net.SplitHostPort(rest); err == nil {
		number, err := strconv.Atoi(port)
		if err != nil || len(validation.IsValidPortNum(number)) > 0 {
			return false
		}
		host = h
	} else if inner, ok := strings.CutPrefix(rest, "["); ok {
		host = strings.TrimSuffix(inner, "]")
	}
	if _, ok := address(host); ok {
		return true
	}
	return len(validation.IsDNS1123Subdomain(strings.ToLower(host))) == 0
}
