package controlplane

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	apiserver "k8s.io/apiserver/pkg/apis/apiserver/v1"

	"hardway/artifact"
	"hardway/cluster"
)

// EncryptionFile is where the configuration of encryption at rest stands in the work directory.
const EncryptionFile = "encryption-config.yaml"

const encryptionKind = "EncryptionConfiguration"

// Encryption is the configuration of encryption at rest as it stands, or is about to stand, in the work directory.
type Encryption struct{ data []byte }

// file is what a master holds of it.
func (e Encryption) file() artifact.File {
	return artifact.File{
		Path: encryptionPath, Mode: 0o600, Component: Component,
		Secret: true, Source: EncryptionFile, Content: artifact.Bytes(e.data),
	}
}

// LoadEncryption reads the configuration that PlanEncryption made. The error is a cluster.Problems when there is none or
// it cannot be used.
func LoadEncryption(w *artifact.WorkDir) (Encryption, error) {
	data, _, err := readEncryption(w)
	if errors.Is(err, fs.ErrNotExist) {
		return Encryption{}, cluster.Problems{{Subject: EncryptionFile, Message: "it is missing", Hint: "hardway encryption-config"}}
	}
	return Encryption{data}, err
}

// readEncryption gives the file as it stands and what it says; the error wraps fs.ErrNotExist where there is none.
func readEncryption(w *artifact.WorkDir) ([]byte, *apiserver.EncryptionConfiguration, error) {
	local := w.Path(EncryptionFile)
	if link, dangling := w.Dangling(EncryptionFile); dangling {
		return nil, nil, cluster.Problems{{Subject: link, Message: "it is a link that leads nowhere",
			Hint: "mount or restore what it leads to: without its key nobody can read what is stored encrypted"}}
	}
	info, err := os.Stat(local)
	if err != nil {
		return nil, nil, fmt.Errorf("failed to look at the encryption configuration: %w", err)
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return nil, nil, cluster.Problems{{Subject: EncryptionFile, Hint: "chmod 600 " + local + "; if somebody may have, rotate the key",
			Message: fmt.Sprintf("others can read the keys in it: its mode is %04o", info.Mode().Perm())}}
	}
	data, err := os.ReadFile(local)
	if err != nil {
		return nil, nil, fmt.Errorf("failed to read the encryption configuration: %w", err)
	}
	config, err := parseEncryption(data)
	if err != nil {
		return nil, nil, damaged(err)
	}
	return data, config, nil
}

// damaged never carries a key: what it repeats names fields and sizes.
func damaged(err error) error {
	return cluster.Problems{{Subject: EncryptionFile, Message: fmt.Sprintf("it cannot be used: %v", err),
		Hint: "put it back from a backup: without its key nobody can read what is stored encrypted"}}
}
