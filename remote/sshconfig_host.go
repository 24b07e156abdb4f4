package remote

import (
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"hardway/cluster"
)

// sshConfig is the operator's ssh_config: ~/.ssh/config, then the machine's. It is read at the first connection.
type sshConfig struct {
	options Options

	once  sync.Once
	files []*configFile
	err   error
}

// configHost is what ssh_config says of one host; what it leaves out is zero.
type configHost struct {
	hostName, user, identityAgent, hostKeyAlias string
	port                                        int
	// family is tcp4 or tcp6 where the configuration insists.
	family string
	// identityFiles are paths; identitiesOnly keeps the agent from offering others.
	identityFiles, certificates []string
	identitiesOnly              bool
	// jump is each [user@]host[:port]; it is not nil where the configuration says anything of it, so also for none.
	jump       []string
	knownHosts []string
	timeout    time.Duration
	// alive is how often to ask whether the host is there, and count how often it may stay silent.
	alive time.Duration
	count int
}

func (c *sshConfig) read() ([]*configFile, error) {
	c.once.Do(func() {
		for _, path := range c.options.Config {
			file, err := configReader{home: c.options.Home, dir: filepath.Dir(path)}.read(path, 0)
			if err != nil {
				c.err = err
				return
			}
			if file != nil {
				c.files = append(c.files, file)
			}
		}
	})
	return c.files, c.err
}

// lookUp finds what applies to the first of names that a Host or Match line speaks of, or to the last one. Said is
// what the spec says of it, which wins.
func (c *sshConfig) lookUp(said cluster.SSH, names ...string) (configHost, error) {
	files, err := c.read()
	if err != nil || len(files) == 0 {
		return configHost{}, err
	}
	var q *configQuery
	for _, name := range names {
		q = &configQuery{original: name, host: name, said: said, localUser: c.options.User, found: configFound{}}
		if err := q.run(files); err != nil {
			return configHost{}, err
		}
		if q.named {
			break
		}
	}
	return c.host(q)
}

// run goes through the files, and once more with the name to connect to where a Match final line is there.
func (q *configQuery) run(files []*configFile) error {
	for range 2 {
		for _, file := range files {
			if err := q.walk(file, false); err != nil {
				return err
			}
		}
		if q.final || !q.wantsFinal {
			return nil
		}
		q.host, q.final = q.hostName(), true
		q.found["hostname"] = []configLine{{keyword: "hostname", words: []string{strings.ReplaceAll(q.host, "%", "%%")}}}
	}
	return nil
}

// host makes values of lines.
func (c *sshConfig) host(q *configQuery) (configHost, error) {
	if err := q.refuse(); err != nil {
		return configHost{}, err
	}
	h := configHost{}
	v := values{q: q, config: c}
	if v.text("hostname") != "" {
		h.hostName = q.hostName()
	}
	h.user = v.text("user")
	h.port = v.number("port")
	h.family = map[string]string{"inet": "tcp4", "inet6": "tcp6"}[v.text("addressfamily")]
	h.hostKeyAlias = strings.ToLower(v.text("hostkeyalias"))
	h.identitiesOnly = v.text("identitiesonly") == "yes"
	h.timeout = v.seconds("connecttimeout")
	h.alive, h.count = v.seconds("serveraliveinterval"), v.number("serveralivecountmax")
	v.port = h.port
	h.identityAgent = v.agent()
	for _, line := range q.found["identityfile"] {
		h.identityFiles = append(h.identityFiles, v.paths(line, line.words[:min(1, len(line.words))])...)
	}
	for _, line := range q.found["certificatefile"] {
		h.certificates = append(h.certificates, v.paths(line, line.words[:min(1, len(line.words))])...)
	}
	if line, ok := q.found.first("userknownhostsfile"); ok {
		h.knownHosts = v.paths(line, line.words)
	}
	h.jump = v.jump()
	return h, v.err
}

// values reads found lines as what they stand for. The first that makes no sense is err.
type values struct {
	q      *configQuery
	config *sshConfig
	port   int
	err    error
}

func (v *values) fail(line configLine, message string) {
	if v.err == nil {
		v.err = line.bad(message)
	}
}

func (v *values) text(keyword string) string {
	line, ok := v.q.found.first(keyword)
	if !ok {
		return ""
	}
	if len(line.words) == 0 {
		v.fail(line, keyword+" lacks its argument")
		return ""
	}
	return line.words[0]
}

func (v *values) number(keyword string) int {
	text := v.text(keyword)
	if text == "" {
		return 0
	}
	number, err := strconv.Atoi(text)
	if line, _ := v.q.found.first(keyword); err != nil || number < 0 || keyword == "port" && (number == 0 || number > 65535) {
		v.fail(line, strconv.Quote(text)+" is no number for "+keyword)
	}
	return number
}

// units are those of sshd_config(5), TIME FORMATS; a bare number is seconds.
var units = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
}

func (v *values) seconds(keyword string) (total time.Duration) {
	text := strings.ToLower(v.text(keyword))
	if text == "none" {
		return 0
	}
	for rest := text; rest != ""; {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		number, err := strconv.Atoi(rest[:digits])
		unit := time.Second
		if rest = rest[digits:]; rest != "" {
			unit, rest = units[rest[0]], rest[1:]
		}
		if err != nil || unit == 0 {
			line, _ := v.q.found.first(keyword)
			v.fail(line, strconv.Quote(text)+" is no time for "+keyword)
			return 0
		}
		total += time.Duration(number) * unit
	}
	return total
}

// jump is the hosts to go through; proxyjump stands also for a ProxyCommand that came first, which refuse has dealt with.
func (v *values) jump() []string {
	line, ok := v.q.found.first("proxyjump")
	if !ok {
		return nil
	}
	jump := []string{}
	if len(line.words) == 0 || strings.EqualFold(line.words[0], "none") {
		return jump
	}
	for hop := range strings.SplitSeq(v.expand(line, line.words[0]), ",") {
		rest, _ := strings.CutPrefix(strings.TrimSpace(hop), "ssh://")
		jump = append(jump, rest)
	}
	return jump
}
