package haproxy

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/go-crypt/crypt/algorithm/shacrypt"
	"sigs.k8s.io/yaml"

	"hardway/artifact"
	"hardway/cluster"
)

// SecretsFile is where what is made once stands in the work directory.
const SecretsFile = "secrets.yaml"

const secretsKind = "Secrets"

// Secrets is the document of secrets.yaml.
type Secrets struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	HAProxy    StatsSecrets `json:"haproxy"`

	// statsHash is the password as it stands in every balancer's configuration: slow to compute on purpose.
	statsHash string
}

// StatsSecrets is the password of the stats page, and the salt of its hash: with both kept, the same configuration is
// rendered each time.
type StatsSecrets struct {
	// StatsPassword is 32 random bytes in unpadded URL-safe base64.
	StatsPassword string `json:"statsPassword"`
	// StatsSalt is 12 random bytes, in 16 characters of crypt's alphabet.
	StatsSalt string `json:"statsSalt"`
}

// PlanSecrets reads secrets.yaml or, where there is none, makes it from random. What exists is never changed.
func PlanSecrets(w *artifact.WorkDir, random io.Reader) (Secrets, artifact.Plan, error) {
	secrets, err := load(w)
	if errors.Is(err, fs.ErrNotExist) {
		return newSecrets(random)
	}
	var plan artifact.Plan
	if err == nil {
		plan.Keep(SecretsFile, "is made once")
	}
	return secrets, plan, err
}

// load reads secrets.yaml; the error wraps fs.ErrNotExist where there is none, and is a cluster.Problems where it cannot
// be used.
func load(w *artifact.WorkDir) (Secrets, error) {
	local := w.Path(SecretsFile)
	info, err := os.Stat(local)
	if err != nil {
		return Secrets{}, fmt.Errorf("failed to look at the secrets: %w", err)
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return Secrets{}, unusable("chmod 600 "+local, "others can read it: its mode is %04o", info.Mode().Perm())
	}
	data, err := os.ReadFile(local)
	if err != nil {
		return Secrets{}, fmt.Errorf("failed to read the secrets: %w", err)
	}
	secrets, err := parseSecrets(data)
	if err != nil {
		return Secrets{}, unusable("put it back from a backup, or move it away to have a new password made", "it cannot be used: %v", err)
	}
	return secrets, nil
}

// unusable never carries a password: what it repeats names fields and sizes.
func unusable(hint, format string, args ...any) error {
	return cluster.Problems{{Subject: SecretsFile, Message: fmt.Sprintf(format, args...), Hint: hint}}
}

func newSecrets(random io.Reader) (Secrets, artifact.Plan, error) {
	var plan artifact.Plan
	bytes := make([]byte, 32+12)
	if _, err := io.ReadFull(random, bytes); err != nil {
		return Secrets{}, plan, fmt.Errorf("failed to make secrets: %w", err)
	}
	secrets := Secrets{APIVersion: cluster.APIVersion, Kind: secretsKind, HAProxy: StatsSecrets{
		StatsPassword: base64.RawURLEncoding.EncodeToString(bytes[:32]),
		StatsSalt:     base64.NewEncoding(cryptAlphabet).EncodeToString(bytes[32:]),
	}}
	data, err := yaml.Marshal(secrets)
	if err == nil {
		secrets.statsHash, err = secrets.HAProxy.hash()
	}
	if err != nil {
		return Secrets{}, plan, fmt.Errorf("failed to encode secrets: %w", err)
	}
	plan.Write(artifact.Local{Path: SecretsFile, Mode: 0o600, Data: data}, "is missing")
	return secrets, plan, nil
}

// cryptAlphabet is what a salt of crypt(3) may be made of.
const cryptAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func parseSecrets(data []byte) (Secrets, error) {
	var s Secrets
	if err := yaml.UnmarshalStrict(data, &s); err != nil {
		return Secrets{}, err
	}
	var err error
	if s.statsHash, err = s.HAProxy.hash(); err != nil {
		return Secrets{}, err
	}
	if s.APIVersion != cluster.APIVersion || s.Kind != secretsKind {
		return Secrets{}, fmt.Errorf("want apiVersion %s and kind %s, got %q and %q", cluster.APIVersion, secretsKind, s.APIVersion, s.Kind)
	}
	return s, nil
}

// hashRounds is crypt's minimum. More of them make guessing slow, and there is nothing to guess in 256 random bits; but
// HAProxy computes the hash for every request to the stats page, in the thread that forwards connections.
const hashRounds = shacrypt.IterationsMin

// hash is the password as SHA-512 crypt. It may stand in a file that is no secret: what it hides is as hard to
// find as a key.
func (s StatsSecrets) hash() (string, error) {
	if len(s.StatsPassword) < 43 {
		return "", fmt.Errorf("haproxy.statsPassword: want at least 43 characters, have %d", len(s.StatsPassword))
	}
	if !validSalt(s.StatsSalt) {
		return "", errors.New("haproxy.statsSalt: want 1 to 16 letters, digits, dots or slashes")
	}
	hasher, err := shacrypt.New(shacrypt.WithSHA512(), shacrypt.WithRounds(hashRounds))
	if err != nil {
		return "", err
	}
	digest, err := hasher.HashWithSalt(s.StatsPassword, []byte(s.StatsSalt))
	if err != nil {
		return "", err
	}
	return digest.Encode(), nil
}

func validSalt(salt string) bool {
	return len(salt) > 0 && len(salt) <= 16 && !slices.ContainsFunc([]byte(salt), func(b byte) bool {
		return !slices.Contains([]byte(cryptAlphabet), b)
	})
}
