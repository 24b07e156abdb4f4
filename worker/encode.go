package worker

import (
	"encoding/json"
	"fmt"

	"sigs.k8s.io/yaml"

	"hardway/artifact"
)

// config2file is a configuration of Kubernetes' own types as a file. The types print what nobody has set as null, empty or
// zero, and read that as the default again: it is left out, so that the file says what was decided. So are the keys to do
// without.
func config2file(path string, config any, without ...string) (artifact.File, error) {
	data, err := decided(config, without)
	if err != nil {
		return artifact.File{}, fmt.Errorf("failed to encode %s: %w", path, err)
	}
	return plain(path, data), nil
}

// plain is a file that its owner alone may read, as CIS wants of configurations.
func plain(path string, data []byte) artifact.File {
	return artifact.File{Path: path, Mode: 0o600, Component: Component, Content: artifact.Bytes(data)}
}

// decidedZero is the numbers whose zero is no default.
var decidedZero = map[string]bool{"maxPerCore": true, "min": true}

func decided(config any, without []string) ([]byte, error) {
	data, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(data, &tree); err != nil {
		return nil, err
	}
	for _, key := range without {
		delete(tree, key)
	}
	prune(tree)
	return yaml.Marshal(tree)
}

// prune takes null, zeros, and empty texts, lists and objects out of an object, and objects that are empty
// after that.
func prune(object map[string]any) {
	for key, value := range object {
		switch v := value.(type) {
		case map[string]any:
			if prune(v); len(v) == 0 {
				delete(object, key)
			}
		case []any:
			if len(v) == 0 {
				delete(object, key)
			}
		case nil:
			delete(object, key)
		case string:
			if v == "" || v == "0" || v == "0s" {
				delete(object, key)
			}
		case float64:
			if v == 0 && !decidedZero[key] {
				delete(object, key)
			}
		}
	}
}
