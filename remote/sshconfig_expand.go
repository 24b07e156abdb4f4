package remote

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// refusals is what would change where or how a connection goes, or make it stricter, and cannot be done here: an error
// where it applies to a host, unless it has one of these values. All else that is not honoured changes neither.
var refusals = map[string][]string{
	"proxycommand":         {"none"},
	"canonicalizehostname": {"no", "none"},
	"bindaddress":          nil,
	"bindinterface":        nil,
	"revokedhostkeys":      {"none"},
	"pubkeyauthentication": {"yes", "true", "unbound", "host-bound"},
}

// instead is what to do where a setting is refused.
var instead = map[string]string{
	"proxycommand":         "use ProxyJump, or ssh.jump in the spec",
	"canonicalizehostname": "write the whole name as HostName",
	"bindaddress":          "leave the choice to the routing table",
	"bindinterface":        "leave the choice to the routing table",
	"revokedhostkeys":      "put the keys into the work directory's known_hosts, each in a line that begins with @revoked",
	"pubkeyauthentication": "hardway logs in with keys alone: allow them for this host",
}

// refuse is an error if anything that applies cannot be done. Jumps that the spec names stand in for any proxy.
func (q *configQuery) refuse() error {
	for _, key := range slices.Sorted(maps.Keys(q.found)) {
		line := q.found[key][0]
		accepted, refused := refusals[line.keyword]
		refused = refused && !slices.Contains(accepted, strings.ToLower(strings.Join(line.words, " ")))
		if refused && (line.keyword != "proxycommand" || q.said.Jump == nil) {
			return &HostError{
				Message: fmt.Sprintf("%s: %s applies to %s, and hardway does not do it", line.at, line.keyword, q.original),
				Hint:    instead[line.keyword],
			}
		}
	}
	return nil
}

// agent is the socket that IdentityAgent names: "none", a path, or empty where the environment's is meant.
func (v *values) agent() string {
	line, ok := v.q.found.first("identityagent")
	text := v.text("identityagent")
	name, variable := strings.CutPrefix(text, "$")
	switch {
	case !ok, text == "SSH_AUTH_SOCK":
		return ""
	case text == "none":
		return text
	case variable && !strings.HasPrefix(name, "{"):
		socket, _ := v.config.options.environment(name)
		return socket
	}
	return v.path(line, text)
}

// paths are files with tokens expanded; "none" is no file.
func (v *values) paths(line configLine, words []string) []string {
	paths := []string{}
	for _, word := range words {
		if word != "none" {
			paths = append(paths, v.path(line, word))
		}
	}
	return paths
}

func (v *values) path(line configLine, word string) string {
	path := v.expand(line, word)
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return filepath.Join(v.config.options.Home, rest)
	}
	return path
}

// expand replaces the tokens of ssh_config(5), and ${VARIABLES}.
func (v *values) expand(line configLine, text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '%' && i+1 < len(text):
			i++
			token, ok := v.token(text[i])
			if !ok {
				v.fail(line, "the token %"+text[i:i+1]+" is not known here")
			}
			out.WriteString(token)
		case strings.HasPrefix(text[i:], "${") && strings.Contains(text[i:], "}"):
			name, _, _ := strings.Cut(text[i+2:], "}")
			value, ok := v.config.options.environment(name)
			if !ok {
				v.fail(line, "the environment variable "+name+" is not set")
			}
			out.WriteString(value)
			i += len(name) + 2
		default:
			out.WriteByte(text[i])
		}
	}
	return out.String()
}

func (v *values) token(letter byte) (string, bool) {
	switch letter {
	case '%':
		return "%", true
	case 'h':
		return v.q.hostName(), true
	case 'n':
		return v.q.original, true
	case 'p':
		return strconv.Itoa(cmp.Or(v.q.said.Port, v.port, 22)), true
	case 'r':
		return v.q.loginUser(), true
	case 'u':
		return v.config.options.User, true
	case 'd':
		return v.config.options.Home, true
	case 'i':
		return strconv.Itoa(os.Getuid()), true
	case 'k':
		alias := v.text("hostkeyalias")
		if alias == "" {
			alias = v.q.hostName()
		}
		return alias, true
	}
	return "", false
}
