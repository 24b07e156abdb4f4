package kubespray

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// maxHosts bounds what ranges may expand to.
const maxHosts = 10000

// withPort is a host with a port: node1:2222, node[1:3]:2222, [fd00::1]:2222. An address of IPv6 without brackets has none.
var withPort = regexp.MustCompile(`^([^:\[\]]+(?:\[[^\]]*\][^:\[\]]*)*|\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]):(\d{1,5})$`)

// bracketed is an address of IPv6 in brackets.
var bracketed = regexp.MustCompile(`^\[([0-9A-Fa-f.]*(?::[0-9A-Fa-f.]*){2,7})\]$`)

// expand is the hosts that a pattern names, node[1:3] or node[a:c] or node[01:10:3], and the port behind it.
func expand(pattern string) (names []string, port string, err error) {
	if m := withPort.FindStringSubmatch(pattern); m != nil {
		pattern, port = m[1], m[2]
	}
	if m := bracketed.FindStringSubmatch(pattern); m != nil && port != "" {
		return []string{m[1]}, port, nil
	}
	if pattern == "" || strings.HasSuffix(pattern, ":") {
		return nil, "", fmt.Errorf("%q is no host", quotable(pattern))
	}
	names, err = ranges(pattern)
	return names, port, err
}

func ranges(pattern string) ([]string, error) {
	head, rest, found := strings.Cut(pattern, "[")
	if !found {
		return []string{pattern}, nil
	}
	bounds, tail, found := strings.Cut(rest, "]")
	if !found {
		return nil, fmt.Errorf("the range in %s is not closed", quotable(pattern))
	}
	values, err := sequence(bounds)
	if err != nil {
		return nil, fmt.Errorf("[%s] in %s is no range: %w", quotable(bounds), quotable(pattern), err)
	}
	tails, err := ranges(tail)
	if err != nil {
		return nil, err
	}
	if len(values)*len(tails) > maxHosts {
		return nil, fmt.Errorf("%s names more than %d hosts", quotable(pattern), maxHosts)
	}
	var names []string
	for _, value := range values {
		for _, t := range tails {
			names = append(names, head+value+t)
		}
	}
	return names, nil
}

var (
	number = regexp.MustCompile(`^\d{1,9}$`)
	letter = regexp.MustCompile(`^[A-Za-z]$`)
)

// sequence is begin:end or begin:end:step, both ends included.
func sequence(bounds string) ([]string, error) {
	parts := strings.Split(bounds, ":")
	if len(parts) != 2 && len(parts) != 3 {
		return nil, errors.New("want begin:end or begin:end:step")
	}
	begin, end, step := parts[0], parts[1], 1
	if begin == "" {
		begin = "0"
	}
	if len(parts) == 3 {
		var err error
		if step, err = strconv.Atoi(parts[2]); err != nil || step < 1 {
			return nil, errors.New("want a step of one or more")
		}
	}
	switch {
	case letter.MatchString(begin) && letter.MatchString(end):
		return letters(begin[0], end[0], step)
	case number.MatchString(begin) && number.MatchString(end):
		return numbers(begin, end, step)
	}
	return nil, errors.New("want two numbers or two letters")
}

// alphabet is the order that Ansible counts letters in.
const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func letters(begin, end byte, step int) ([]string, error) {
	from, to := strings.IndexByte(alphabet, begin), strings.IndexByte(alphabet, end)
	if from > to {
		return nil, errors.New("it ends before it begins")
	}
	var out []string
	for i := from; i <= to; i += min(step, len(alphabet)) {
		out = append(out, alphabet[i:i+1])
	}
	return out, nil
}

// numbers keep the zeros in front, for which both ends must be of one length.
func numbers(begin, end string, step int) ([]string, error) {
	width := 0
	if len(begin) > 1 && begin[0] == '0' {
		if width = len(begin); width != len(end) {
			return nil, errors.New("with zeros in front both ends want as many digits")
		}
	}
	from, _ := strconv.Atoi(begin) // number has at most nine digits
	to, _ := strconv.Atoi(end)
	switch {
	case from > to:
		return nil, errors.New("it ends before it begins")
	case (to-from)/step >= maxHosts:
		return nil, fmt.Errorf("it names more than %d hosts", maxHosts)
	}
	var out []string
	for i := from; i <= to; i += step {
		out = append(out, fmt.Sprintf("%0*d", width, i))
	}
	return out, nil
}
