package remote

import (
	"cmp"
	"fmt"
	"strings"

	"hardway/cluster"
)

// configQuery is one look-up: what applies to a host, as `ssh NAME` would find it.
type configQuery struct {
	// original is the name that was asked for; host is that name, and HostName's in the final pass.
	original, host string
	localUser      string
	// said is what the spec says, which wins over what is found.
	said cluster.SSH

	found configFound
	// named: a Host or Match line speaks of this host, and not of all.
	named bool
	// final pass, and whether any line asks for one.
	final, wantsFinal bool
}

// configFound is the lines that apply, by keyword: the first one wins. Keywords that add up keep all.
type configFound map[string][]configLine

// together: of these, the first one that is met rules the others out.
var together = map[string]string{"proxycommand": "proxyjump"}

// addsUp is the keywords of which every line counts.
var addsUp = map[string]bool{"identityfile": true, "certificatefile": true}

// walk goes through a file in order. What stands before the first Host or Match is for all hosts, as is the rest of an
// included file for those of the block that includes it. Never: the including block is not for this host.
func (q *configQuery) walk(file *configFile, never bool) error {
	active := !never
	for _, line := range file.lines {
		switch line.keyword {
		case "host":
			active = q.hostMatches(line) && !never
		case "match":
			matches, err := q.match(line, never)
			if err != nil {
				return err
			}
			active = matches
		case "include":
			for _, inner := range line.included {
				if err := q.walk(inner, !active); err != nil {
					return err
				}
			}
		default:
			if active {
				q.take(line)
			}
		}
	}
	return nil
}

func (q *configQuery) take(line configLine) {
	key := line.keyword
	if other, ok := together[key]; ok {
		key = other
	}
	if len(q.found[key]) == 0 || addsUp[key] {
		q.found[key] = append(q.found[key], line)
	}
}

// first is the words of the line that wins.
func (f configFound) first(keyword string) (line configLine, ok bool) {
	if lines := f[keyword]; len(lines) > 0 {
		return lines[0], true
	}
	return configLine{}, false
}

func (q *configQuery) hostMatches(line configLine) bool {
	matched, named := matchList(q.host, line.words)
	q.named = q.named || matched && named
	return matched
}

// match decides on a Match line. What cannot be decided here is an error where it would count.
func (q *configQuery) match(line configLine, never bool) (bool, error) {
	if len(line.words) == 0 {
		return false, line.bad("Match lacks its criteria")
	}
	result := !never
	words := line.words
	for len(words) > 0 {
		name, value, inline := strings.Cut(words[0], "=")
		criterion, negated := strings.CutPrefix(strings.ToLower(name), "!")
		words = words[1:]
		if criterion == "all" || criterion == "final" || criterion == "canonical" {
			q.wantsFinal = q.wantsFinal || criterion == "final"
			result = result && (criterion == "all" || q.final) != negated
			continue
		}
		if !inline {
			if len(words) == 0 {
				return false, line.bad("Match " + criterion + " lacks its argument")
			}
			value, words = words[0], words[1:]
		}
		if !result {
			continue
		}
		matched, err := q.criterion(line, criterion, value)
		if err != nil {
			return false, err
		}
		result = matched != negated
	}
	return result, nil
}

func (q *configQuery) criterion(line configLine, criterion, value string) (bool, error) {
	var subject string
	switch criterion {
	case "host":
		subject = q.hostName()
	case "originalhost":
		subject = q.original
	case "user":
		subject = q.loginUser()
	case "localuser":
		subject = q.localUser
	default:
		return false, line.bad(fmt.Sprintf("hardway does not decide on `Match %s`, and the lines below may matter for %s", criterion, q.original))
	}
	matched, named := matchList(subject, strings.Split(value, ","))
	if strings.HasSuffix(criterion, "host") {
		q.named = q.named || matched && named
	}
	return matched, nil
}

// hostName is where to connect by what has been found so far.
func (q *configQuery) hostName() string {
	line, ok := q.found.first("hostname")
	if !ok || len(line.words) == 0 {
		return q.host
	}
	return strings.NewReplacer("%%", "%", "%h", q.host).Replace(line.words[0])
}

// loginUser is who to log in as by what has been found so far.
func (q *configQuery) loginUser() string {
	found := ""
	if line, ok := q.found.first("user"); ok && len(line.words) > 0 {
		found = line.words[0]
	}
	return cmp.Or(q.said.User, found, q.localUser)
}

// matchList reports whether a name matches a list of patterns, and whether that list speaks of certain names, not of all.
// A pattern after ! that matches rules the list out.
func matchList(name string, patterns []string) (matched, named bool) {
	for _, p := range patterns {
		pattern, negated := strings.CutPrefix(p, "!")
		if !wildcard(strings.ToLower(pattern), strings.ToLower(name)) {
			continue
		}
		if negated {
			return false, false
		}
		matched, named = true, named || strings.Trim(pattern, "*") != ""
	}
	return matched, named
}

// wildcard matches * with any number of characters, and ? with one.
func wildcard(pattern, name string) bool {
	for ; pattern != ""; pattern, name = pattern[1:], name[1:] {
		if pattern[0] == '*' {
			for i := len(name); i >= 0; i-- {
				if wildcard(pattern[1:], name[i:]) {
					return true
				}
			}
			return false
		}
		if name == "" || pattern[0] != '?' && pattern[0] != name[0] {
			return false
		}
	}
	return name == ""
}
