package cluster

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// shape holds plain YAML values against the Go types of the spec, and keeps every difference: keys that the spec does
// not have and values of another type, each with its field path.
type shape struct {
	problems Problems
	gaps     gaps
	// size is the number of values and of the bytes of their text, which aliases can multiply.
	size int
}

func (s *shape) tooLarge() bool { return s.size > maxExpanded }

// fit is the part of v that a value of type t can hold, nil where that is nothing.
func (s *shape) fit(path string, t reflect.Type, v any) any {
	s.size++
	if v == nil || s.tooLarge() {
		return nil
	}
	switch {
	case t == reflect.TypeFor[Duration]():
		return s.duration(path, v)
	case t == reflect.TypeFor[OneOrMore]():
		return s.oneOrMore(path, v)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.fit(path, t.Elem(), v)
	case reflect.Struct:
		return s.fields(path, t, v)
	case reflect.Slice:
		return s.elements(path, t.Elem(), v)
	}
	return s.scalar(path, t.Kind(), v)
}

func (s *shape) fields(path string, t reflect.Type, v any) any {
	given, ok := v.(map[any]any)
	if !ok {
		return s.misfit(path, "a map of keys and values", v)
	}
	out := make(map[string]any, len(given))
	known := keysOf(t)
	for i, key := range known {
		if key == "" {
			continue
		}
		if value := s.fit(join(path, key), t.Field(i).Type, given[key]); value != nil {
			out[key] = value
		}
	}
	s.unknown(path, known, given)
	return out
}

// keysOf is the YAML key of each field of a struct, empty for a field that has none.
func keysOf(t reflect.Type) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		key, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		keys[i] = strings.TrimPrefix(key, "-")
	}
	return keys
}

func (s *shape) unknown(path string, known []string, given map[any]any) {
	var extra []string
	for key := range maps.Keys(given) {
		if name, ok := key.(string); !ok || name == "" || !slices.Contains(known, name) {
			extra = append(extra, fmt.Sprint(key))
		}
	}
	slices.Sort(extra)
	for _, key := range extra {
		s.problems = append(s.problems, Problem{Subject: join(path, plain(key)), Message: "is not a key of the spec",
			Hint: nearestHint(key, known)})
	}
}

func (s *shape) elements(path string, t reflect.Type, v any) any {
	given, ok := v.([]any)
	if !ok {
		return s.misfit(path, "a list", v)
	}
	out := make([]any, 0, len(given))
	for i, element := range given {
		at := index(path, i)
		if element == nil {
			s.misfit(at, wanted[t.Kind()], nil)
		}
		// What does not fit keeps its place as a zero value, so that the paths of the rest stay right.
		out = append(out, s.fit(at, t, element))
	}
	return out
}

func (s *shape) scalar(path string, kind reflect.Kind, v any) any {
	switch value := v.(type) {
	case string:
		s.size += len(value)
		if kind == reflect.String {
			return value
		}
	case bool:
		if kind == reflect.Bool {
			return value
		}
	case int:
		if kind == reflect.Int {
			return value
		}
	}
	return s.misfit(path, wanted[kind], v)
}

func (s *shape) duration(path string, v any) any {
	const want = "a duration such as 8760h or 2m30s"
	text, ok := v.(string)
	if !ok {
		return s.misfit(path, want, v)
	}
	if _, err := time.ParseDuration(text); err != nil {
		return s.misfit(path, want, v)
	}
	return text
}

func (s *shape) oneOrMore(path string, v any) any {
	if text, ok := v.(string); ok {
		return s.scalar(path, reflect.String, text)
	}
	if _, ok := v.([]any); !ok {
		return s.misfit(path, "text or a list of text", v)
	}
	return s.elements(path, reflect.TypeFor[string](), v)
}

// wanted says what a value of each kind is in an operator's words.
var wanted = map[reflect.Kind]string{
	reflect.String: "text", reflect.Bool: "true or false", reflect.Int: "a whole number", reflect.Struct: "a map of keys and values",
}

// misfit reports that v is not what is wanted at path, and leaves it out.
func (s *shape) misfit(path, want string, v any) any {
	got, hint := gotOf(v)
	if want == wanted[reflect.String] && hint == "" {
		hint = "put the value in double quotes"
	}
	if hint == "" {
		hint = "write " + want
	}
	if path == "" {
		path = "(document)"
	}
	s.problems = append(s.problems, Problem{Subject: path, Message: fmt.Sprintf("want %s, got %s", want, got), Hint: hint})
	s.gaps.add(path)
	return nil
}

// gotOf describes a value as it was written; the hint is empty where only the caller knows better.
func gotOf(v any) (got, hint string) {
	switch value := v.(type) {
	case nil:
		return "nothing", "write a value, or remove the entry"
	case map[any]any:
		return "a map of keys and values", "indent by spaces, and see the commented cluster.yaml that hardway init writes"
	case []any:
		return "a list", "see the commented cluster.yaml that hardway init writes"
	case string:
		return fmt.Sprintf("the text %q", short(value)), ""
	default:
		return fmt.Sprint(value), ""
	}
}
