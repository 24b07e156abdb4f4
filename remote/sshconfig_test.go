package remote

import (
	"cmp"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"hardway/cluster"
)

// configs are configurations as people write them. What hardway makes of each is compared with what OpenSSH's own client
// makes of it, for every one of the names.
var configs = map[string]string{
	"nothing": "",
	"first one wins": `
Host kmaster1
  User first
  Port 2201
Host k*
  User second
  Port 2202
  HostName 10.0.0.9
`,
	"before any host": "User everybody\nPort 99\nHost kmaster1\n  User late\n  HostKeyAlias one\n",
	"several keys": `
Host kmaster?
  IdentityFile ~/.ssh/one
  IdentityFile "/keys/with blank/two"
  IdentitiesOnly yes
Host *
  IdentityFile /keys/three # for all
`,
	"equals, tabs, quotes, case":     "hOsT\tkmaster1\t\"kmaster2\"\n\tUSER = \"ubuntu\"\n\tport=2222\n\tHostName=\"%h.example.com\"\n",
	"negated":                        "Host k* !kmaster2\n  User most\nHost !kmaster1\n  User never\n",
	"question mark is one character": "Host kmaster?\n  User one\nHost kmaster1?\n  User two\n",
	"tokens in the name":             "Host k*\n  HostName %h.cluster.example.com\nHost 10.*\n  HostName 1%%0\n",
	"jumps": `
Host kmaster1
  ProxyJump alice@bastion.example.com:2200,second
Host kmaster2
  ProxyJump none
Host *
  ProxyJump all.example.com
`,
	"proxy command none rules a jump out": "Host kmaster1\n  ProxyCommand none\nHost *\n  ProxyJump bastion\n",
	"jump rules a proxy command out":      "Host *\n  ProxyJump bastion\n  ProxyCommand nc %h %p\n",
	"times":                               "Host kmaster1\n  ConnectTimeout 1m30\n  ServerAliveInterval 2m\n  ServerAliveCountMax 7\nHost *\n  ConnectTimeout 5\n",
	"known hosts":                         "Host k*\n  UserKnownHostsFile /a/one \"/b/t wo\"\n  HostKeyAlias K-Cluster\nHost *\n  UserKnownHostsFile /never\n",
	"match": `
Match host 10.0.0.1
  Port 1001
Host kmaster1
  HostName 10.0.0.1
Match originalhost kmaster1 host 10.0.0.?
  Port 1002
  User ops
Match user ops
  IdentityFile /keys/ops
Match !host 10.0.0.1 all
  User other
`,
	"match all":                     "Host other\n  User no\nMatch all\n  User all\n",
	"match the operator":            "Match localuser LOCAL originalhost k*\n  User mine\nMatch localuser nobody-else\n  User theirs\n",
	"match a list":                  "Match originalhost kmaster2,kmaster1,!kmaster3\n  User listed\n",
	"match final":                   "Match final host *.example.com\n  User late\n  Port 7\nHost kmaster1\n  HostName kmaster1.example.com\nHost kmaster1.example.com\n  HostKeyAlias final\n",
	"a command that is not reached": "Match originalhost elsewhere exec \"false\"\n  User no\nHost *\n  User yes\n",
	"agent":                         "Host kmaster1\n  IdentityAgent none\nHost *\n  IdentityAgent /run/agent.sock\n",
	"family":                        "Host kmaster1\n  AddressFamily inet6\nHost k*\n  AddressFamily inet\n",
	"includes": `
Host kmaster1
  Include DIR/inner*.conf
  Port 12
Include DIR/outer.conf DIR/missing.conf
Host *
  Port 13
`,
}

// included are the files that "includes" has, by name.
var included = map[string]string{
	"inner1.conf": "User inner\nHost kmaster2\n  User never\n", "inner2.conf": "HostKeyAlias inner2\n",
	"outer.conf": "Host kmaster2\n  User outer\nHost 10.*\n  HostKeyAlias net\n",
}

func TestConfigIsReadAsOpenSSHReadsIt(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range configs {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, content := range included {
				write(t, filepath.Join(dir, file), content)
			}
			path := filepath.Join(dir, "config")
			write(t, path, strings.NewReplacer("DIR", dir, "LOCAL", me.Username).Replace(text))
			config := &sshConfig{options: Options{Config: []string{path}, User: me.Username, Home: "~"}}
			for _, host := range []string{"kmaster1", "kmaster2", "kmaster3", "kmaster11", "10.1.2.3", "other"} {
				found, err := config.lookUp(cluster.SSH{}, host)
				if err != nil {
					t.Fatal(err)
				}
				if diff := gocmp.Diff(openssh(t, path, host), said(found, host, me.Username)); diff != "" {
					t.Errorf("%s (-OpenSSH +hardway):\n%s", host, diff)
				}
			}
		})
	}
}

// said is what was found in the words of ssh -G.
func said(c configHost, host, me string) map[string]string {
	seconds := func(d time.Duration, none string) string {
		if d == 0 {
			return none
		}
		return strconv.Itoa(int(d.Seconds()))
	}
	return map[string]string{
		"hostname": cmp.Or(c.hostName, host), "user": cmp.Or(c.user, me), "port": strconv.Itoa(cmp.Or(c.port, 22)),
		"identityfile": strings.Join(c.identityFiles, " "), "identitiesonly": map[bool]string{true: "yes", false: "no"}[c.identitiesOnly],
		"proxyjump": strings.Join(c.jump, ","), "hostkeyalias": c.hostKeyAlias, "userknownhostsfile": strings.Join(c.knownHosts, " "),
		"connecttimeout": seconds(c.timeout, "none"), "serveraliveinterval": seconds(c.alive, "0"), "serveralivecountmax": strconv.Itoa(cmp.Or(c.count, 3)),
		"identityagent": c.identityAgent, "addressfamily": map[string]string{"": "any", "tcp4": "inet", "tcp6": "inet6"}[c.family],
	}
}

// openssh is what ssh makes of it; what it fills in where nothing is said is taken out.
func openssh(t *testing.T, path, host string) map[string]string {
	t.Helper()
	out, err := exec.Command("ssh", "-G", "-F", path, host).CombinedOutput()
	if err != nil {
		t.Fatalf("ssh -G: %v\n%s", err, out)
	}
	keys := said(configHost{}, "", "")
	found := map[string]string{}
	for key := range keys {
		found[key] = ""
	}
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if _, wanted := keys[key]; !wanted || slices.Contains(unsaid, value) || strings.HasSuffix(value, "known_hosts2") {
			continue
		}
		found[key] = strings.TrimSpace(found[key] + " " + value)
	}
	return found
}

// unsaid is the identity files that ssh prints where nobody has set any.
var unsaid = []string{
	"~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ecdsa_sk", "~/.ssh/id_ed25519", "~/.ssh/id_ed25519_sk", "~/.ssh/id_xmss", "~/.ssh/id_dsa",
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
