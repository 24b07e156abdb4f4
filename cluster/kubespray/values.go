package kubespray

import (
	"regexp"
	"strings"
)

// reference is a variable in a template, with nothing done to it.
var reference = regexp.MustCompile(`\{\{-?\s*([A-Za-z_][A-Za-z0-9_]*)\s*-?\}\}`)

// expression stands for a value that only Ansible can evaluate.
type expression struct{}

// evaluate puts other variables in where a value names them. What is more than a name becomes an expression.
func (v vars) evaluate(value any, depth int) any {
	switch value := value.(type) {
	case string:
		return v.text(value, depth)
	case []any:
		list := make([]any, len(value))
		for i := range value {
			list[i] = v.evaluate(value[i], depth)
		}
		return list
	case map[string]any:
		out := map[string]any{}
		for key := range value {
			out[key] = v.evaluate(value[key], depth)
		}
		return out
	}
	return value
}

// maxReferences bounds variables that name variables; one that names itself has no value.
const maxReferences = 20

func (v vars) text(text string, depth int) any {
	if !strings.Contains(text, "{{") && !strings.Contains(text, "{%") {
		return text
	}
	if depth > maxReferences {
		return expression{}
	}
	if m := reference.FindStringSubmatch(text); m != nil && m[0] == strings.TrimSpace(text) {
		if value, found := v[m[1]]; found {
			return v.evaluate(value, depth+1)
		}
	}
	var hidden any
	out := reference.ReplaceAllStringFunc(text, func(m string) string {
		switch value := v.evaluate(v[reference.FindStringSubmatch(m)[1]], depth+1).(type) {
		case string:
			return value
		case secret:
			hidden = value
		}
		return m
	})
	switch {
	case hidden != nil:
		return hidden
	case strings.Contains(out, "{{") || strings.Contains(out, "{%"):
		return expression{}
	}
	return out
}

// truth reads what Ansible takes for true or false.
func truth(value any) (is, known bool) {
	text, _ := value.(string)
	switch strings.ToLower(text) {
	case "true", "yes", "on", "1", "y", "t":
		return true, true
	case "false", "no", "off", "0", "n", "f":
		return false, true
	}
	return false, false
}

// texts reads a list of texts, or one text as a list of it, as kubespray writes both; commas and spaces separate too.
func texts(value any) ([]string, bool) {
	switch value := value.(type) {
	case string:
		return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }), true
	case []any:
		var out []string
		for _, item := range value {
			text, ok := item.(string)
			if !ok {
				return nil, false
			}
			out = append(out, text)
		}
		return out, true
	}
	return nil, value == nil
}
