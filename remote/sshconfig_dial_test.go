package remote_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hardway/cluster"
	"hardway/remote"
	"hardway/test/sshd"
)

// configured is a host of which the spec says nothing but its name and an address where nobody listens: the operator's
// ssh_config has the rest.
func configured(t testing.TB, o sshd.Options) *testHost {
	t.Helper()
	h := startHost(t, o)
	h.settings = cluster.SSH{Sudo: new(bool)}
	h.node.Address, h.node.Aliases = cluster.OneOrMore{"127.255.255.1"}, []string{"kmaster1.example.com"}
	h.options.User = "nobody-by-that-name"
	return h
}

// config makes text the operator's ssh_config. USER, PORT, ADDRESS and KEY are the host's.
func (h *testHost) config(t testing.TB, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	must(t, os.WriteFile(path, []byte(h.filled(text)), 0o600))
	h.options.Config = []string{filepath.Join(t.TempDir(), "none"), path}
}

func (h *testHost) filled(text string) string {
	return strings.NewReplacer("USER", h.User, "PORT", fmt.Sprint(h.Port), "ADDRESS", h.Address, "KEY", h.IdentityFile).Replace(text)
}

func TestConfigFindsANodeByNameAliasOrAddress(t *testing.T) {
	const rest = "\n HostName ADDRESS\n Port PORT\n User USER\n IdentityFile KEY\nHost *\n Port 1\n User nobody\n"
	for name, text := range map[string]string{
		"name": "Host kmaster1", "alias": "Host *.example.com", "address": "Host 127.255.255.*",
		"name before address": "Host 127.255.255.1\n Port 1\nHost k*",
	} {
		t.Run(name, func(t *testing.T) {
			h := configured(t, sshd.Options{})
			h.config(t, text+rest)
			h.dial(t)
		})
	}
}

// The host's ssh in the spec, the cluster's, ssh_config, the defaults.
func TestSpecWinsOverConfigWhichWinsOverDefaults(t *testing.T) {
	h := configured(t, sshd.Options{})
	h.config(t, "Host kmaster1\n HostName ADDRESS\n Port PORT\n User USER\n IdentityFile KEY\n")
	spec := &cluster.Spec{Hosts: []cluster.Node{h.node}}
	h.options.SSH = spec.SSHFor
	reach := func() error {
		spec.Default()
		h.node.SSH = spec.Hosts[0].SSH
		client, err := remote.NewDialer(h.options).Dial(t.Context(), h.node)
		if err == nil {
			_ = client.Close()
		}
		return err
	}
	must(t, reach())
	spec.SSH.Port = 1
	h.refuses(t, reach(), h.Address+":1: connection refused")
	spec.Hosts[0].SSH.Port = h.Port
	must(t, reach())
	spec.SSH.User = "nobody-by-that-name"
	h.refuses(t, reach(), "user nobody-by-that-name")
	spec.Hosts[0].SSH.User = h.User
	must(t, reach())
	spec.SSH.IdentityFile, _ = userKey(t, sshd.ECDSA, "")
	h.refuses(t, reach(), "refused every key")
}

func TestConfigJumpsThroughTwoHopsEachByItsOwnSettings(t *testing.T) {
	h := configured(t, sshd.Options{})
	first, second := startHost(t, sshd.Options{}), startHost(t, sshd.Options{})
	h.trust(t, h.KnownHostsLines(h.HostKeys...)+first.KnownHostsLines(first.HostKeys...)+second.KnownHostsLines(second.HostKeys...))
	target := h.filled("Host kmaster1\n HostName ADDRESS\n Port PORT\n User USER\n IdentityFile KEY\n")
	one := first.filled("Host gate\n HostName ADDRESS\n Port PORT\n User USER\n IdentityFile KEY\n")
	two := second.filled("Host inner\n HostName ADDRESS\n User USER\n IdentityFile KEY\n IdentitiesOnly yes\n")
	for name, text := range map[string]string{
		"in one line":              target + fmt.Sprintf(" ProxyJump gate,inner:%d\n", second.Port) + one + two,
		"a jump with its own jump": target + fmt.Sprintf(" ProxyJump inner:%d\n", second.Port) + one + two + " ProxyJump gate\n",
	} {
		t.Run(name, func(t *testing.T) {
			passed := strings.Count(first.Log(), "direct-tcpip")
			h.config(t, text)
			must(t, h.dial(t).Do(t.Context(), remote.Remove("/nonexistent/file")))
			for _, s := range []*testHost{first, second} {
				if strings.Count(s.Log(), "server_request_direct_tcpip") == 0 {
					t.Errorf("the way does not lead through %s", s.Endpoint())
				}
			}
			if strings.Count(first.Log(), "direct-tcpip") == passed {
				t.Error("the first jump was left out")
			}
		})
	}
	t.Run("the spec wants none", func(t *testing.T) {
		h.config(t, target+" ProxyJump nowhere.invalid\n")
		h.settings.Jump = cluster.OneOrMore{}
		h.dial(t)
	})
	t.Run("the spec's jump is looked up", func(t *testing.T) {
		h.config(t, target+" ProxyJump nowhere.invalid\n"+one)
		h.settings.Jump = cluster.OneOrMore{"gate"}
		h.dial(t)
	})
	t.Run("in a circle", func(t *testing.T) {
		h.settings.Jump = nil
		h.config(t, target+one+"Host *\n ProxyJump gate\n")
		h.refuses(t, h.dialFails(t), "circle", "gate", "Host * !gate")
	})
}

func TestConfigSettingsThatAreRefused(t *testing.T) {
	h := configured(t, sshd.Options{})
	for setting, hint := range map[string]string{
		"ProxyCommand nc %h %p": "ProxyJump", "BindAddress 127.0.0.1": "routing", "CanonicalizeHostname yes": "HostName",
		"RevokedHostKeys /etc/ssh/revoked": "@revoked", "PubkeyAuthentication no": "keys alone",
		"Port many": "no number", "ConnectTimeout soon": "no time", "IdentityFile ~/%Z": "%Z", "UserKnownHostsFile ${NO_SUCH_VARIABLE}/x": "NO_SUCH_VARIABLE",
		"User 'open": "quote", "HostName": "lacks",
	} {
		t.Run(setting, func(t *testing.T) {
			h.config(t, "# by hand\nHost kmaster1\n  "+setting+"\n")
			h.refuses(t, h.dialFails(t), h.options.Config[1]+":3", hint)
			if strings.Contains(setting, "open") {
				return // what cannot be read is an error for everybody
			}
			h.config(t, "Host other\n  "+setting+"\nHost kmaster1\n  HostName ADDRESS\n  Port PORT\n  User USER\n  IdentityFile KEY\n")
			h.dial(t)
		})
	}
	t.Run("Match exec", func(t *testing.T) {
		h.config(t, "Match host kmaster1 exec true\n  User x\n")
		h.refuses(t, h.dialFails(t), h.options.Config[1]+":1", "Match exec", "kmaster1")
	})
	t.Run("Match of nothing", func(t *testing.T) {
		h.config(t, "Match\n  User x\n")
		h.refuses(t, h.dialFails(t), h.options.Config[1]+":1", "criteria")
	})
	t.Run("Match exec of a jump host", func(t *testing.T) {
		h.config(t, "Host kmaster1\n ProxyJump gate\nMatch host gate exec true\n  User x\n")
		h.refuses(t, h.dialFails(t), h.options.Config[1]+":3", "jump host gate")
	})
	t.Run("others may write it", func(t *testing.T) {
		h.config(t, "")
		h.options.Home = filepath.Dir(h.options.Config[1])
		must(t, os.Chmod(h.options.Config[1], 0o666))
		h.refuses(t, h.dialFails(t), "written by others", "chmod 600")
	})
}

// Whatever the operator's configuration says, an unknown key is never taken.
func TestConfigNeverRelaxesHostKeys(t *testing.T) {
	h := configured(t, sshd.Options{})
	h.trust(t, "")
	for _, setting := range []string{"no", "accept-new", "off"} {
		h.config(t, "Host kmaster1\n HostName ADDRESS\n Port PORT\n User USER\n IdentityFile KEY\n"+
			"Host *\n StrictHostKeyChecking "+setting+"\n UserKnownHostsFile /dev/null\n NoHostAuthenticationForLocalhost yes\n")
		h.refuses(t, h.dialFails(t), "not known", "hardway hosts trust kmaster1")
	}
}

// A host that hangs is asked as often as the configuration says before it is given up.
func TestConfigKeepalives(t *testing.T) {
	h := configured(t, sshd.Options{})
	h.config(t, "Host kmaster1\n HostName ADDRESS\n Port PORT\n User USER\n IdentityFile KEY\n ServerAliveInterval 1\n ServerAliveCountMax 4\n")
	client := h.dial(t)
	h.Freeze()
	defer h.Thaw()
	began := time.Now()
	err := client.Do(t.Context(), remote.Remove("/nonexistent/file"))
	h.refuses(t, err, "lost the connection", "has not answered for 4s")
	if took := time.Since(began); took < 3500*time.Millisecond || took > 20*time.Second {
		t.Errorf("given up after %v", took)
	}
}

func TestConfigConnectTimeout(t *testing.T) {
	h := configured(t, sshd.Options{})
	h.listenInstead(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	h.config(t, strings.ReplaceAll("Host kmaster1\n HostName ADDRESS\n Port REAL\n User USER\n IdentityFile KEY\n ConnectTimeout 1\n", "REAL", fmt.Sprint(h.settings.Port)))
	h.settings.Port = 0
	h.refuses(t, h.dialFails(t), "no answer within 1s")
}
