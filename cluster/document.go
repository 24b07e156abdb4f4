package cluster

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"text/tabwriter"
	"text/template"

	"go.yaml.in/yaml/v2"
)

//go:embed template/cluster.yaml.tmpl
var documentText string

// Document is the spec as a commented cluster.yaml: what Parse reads back as the same spec. It expects Default to have
// run, and writes what is not valid as well, for a person to put right. The lines of head become comments at the top.
func Document(s *Spec, head ...string) ([]byte, error) {
	page, err := template.New("cluster.yaml").Option("missingkey=error").
		Funcs(template.FuncMap{"flow": flow, "list": flowList, "hosts": hostLines}).Parse(documentText)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, line := range head {
		fmt.Fprintf(&out, "# %s\n", strings.Map(visible, line))
	}
	if err := page.Execute(&out, s); err != nil {
		return nil, err
	}
	return alignComments(out.Bytes()), nil
}

// Comments behind values begin in commentColumn, or where their paragraph's values need it up to lastColumn: a comment
// behind a longer value than that stands close to it.
const commentColumn, lastColumn = 38, 48

// alignComments replaces the tab between a value and its comment by the spaces that put a paragraph's comments into one
// column. No value holds a tab: flow quotes it.
func alignComments(text []byte) []byte {
	paragraphs := strings.Split(string(text), "\n\n")
	for i, paragraph := range paragraphs {
		column := commentColumn
		lines := strings.Split(paragraph, "\n")
		for _, line := range lines {
			if value, _, found := strings.Cut(line, "\t"); found && len(value) < lastColumn {
				column = max(column, len(value)+1)
			}
		}
		for j, line := range lines {
			if value, comment, found := strings.Cut(line, "\t"); found {
				lines[j] = fmt.Sprintf("%-*s %s", column-1, value, comment)
			}
		}
		paragraphs[i] = strings.Join(lines, "\n")
	}
	return []byte(strings.Join(paragraphs, "\n\n"))
}

// plainWord is text that YAML may take without quotes within braces, if it means no number, boolean or null there.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9~./_-]([A-Za-z0-9./_@:~-]*[A-Za-z0-9./_-])?$`)

// flow writes a text or a list of texts as YAML writes them in one line; a list of one as that one.
func flow(value any) string {
	switch v := value.(type) {
	case OneOrMore:
		if len(v) == 1 {
			return flow(v[0])
		}
		return flowList(v)
	case string:
		var back any
		if plainWord.MatchString(v) && yaml.Unmarshal([]byte("["+v+"]"), &back) == nil {
			if list, ok := back.([]any); ok && len(list) == 1 && list[0] == v {
				return v
			}
		}
		quoted, _ := json.Marshal(v) // a text cannot fail
		return string(quoted)
	}
	return fmt.Sprint(value)
}

func flowList(values []string) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = flow(v)
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// hostLines is each host as {name: …, address: …}, the fields of all in columns.
func hostLines(hosts []Node) []string {
	var out strings.Builder
	columns := tabwriter.NewWriter(&out, 0, 0, 1, ' ', 0)
	aliased := false
	for _, n := range hosts {
		aliased = aliased || len(n.Aliases) > 0
	}
	for _, n := range hosts {
		fields := []string{"{name: " + flow(n.Name), "address: " + flow(n.Address)}
		if aliased {
			fields = append(fields, "aliases: "+flowList(n.Aliases))
		}
		roles := make([]string, len(n.Roles))
		for i, role := range n.Roles {
			roles[i] = string(role)
		}
		own := "roles: " + flowList(roles)
		if len(n.PodCIDR) > 0 {
			own += ", podCIDR: " + flow(n.PodCIDR)
		}
		fields = append(fields, own+hostSSH(n.SSH)+"}")
		fmt.Fprintln(columns, strings.Join(fields, ",\t"))
	}
	_ = columns.Flush() // a strings.Builder takes everything
	if out.Len() == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

// hostSSH is what a host's line says of SSH, empty where that is nothing.
func hostSSH(ssh SSH) string {
	var fields []string
	add := func(given bool, name string, value any) {
		if given {
			fields = append(fields, name+": "+flow(value))
		}
	}
	add(ssh.User != "", "user", ssh.User)
	add(ssh.Port != 0, "port", ssh.Port)
	add(ssh.IdentityFile != "", "identityFile", ssh.IdentityFile)
	add(ssh.Jump != nil, "jump", ssh.Jump)
	if ssh.Sudo != nil {
		add(true, "sudo", *ssh.Sudo)
	}
	add(ssh.Timeout.Duration != 0, "timeout", ssh.Timeout)
	add(ssh.CommandTimeout.Duration != 0, "commandTimeout", ssh.CommandTimeout)
	if len(fields) == 0 {
		return ""
	}
	return ", ssh: {" + strings.Join(fields, ", ") + "}"
}

// visible keeps a comment on its line.
func visible(r rune) rune {
	if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
		return ' '
	}
	return r
}
