package manifests

import (
	"fmt"
	"io"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Token lets one kubelet ask for its first certificate. It is made when it is needed, kept nowhere, and stands for minutes:
// https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
type Token struct {
	// Bearer is what the kubelet shows: a secret.
	Bearer string
	object Object
}

// tokenLetters is what tokens are made of; as many as divide a byte's values evenly, out of the 36 that they may have.
const tokenLetters = "abcdefghijklmnopqrstuvwxyz234567"

// NewToken draws a token for a node's kubelet.
func NewToken(random io.Reader, node string, expires time.Time) (Token, error) {
	drawn := make([]byte, 6+16)
	if _, err := io.ReadFull(random, drawn); err != nil {
		return Token{}, fmt.Errorf("failed to draw a bootstrap token: %w", err)
	}
	for i, b := range drawn {
		drawn[i] = tokenLetters[int(b)%len(tokenLetters)]
	}
	id, secret := drawn[:6], drawn[6:]
	object, err := untyped(&core.Secret{
		ObjectMeta: meta.ObjectMeta{Name: "bootstrap-token-" + string(id), Namespace: meta.NamespaceSystem},
		Type:       core.SecretTypeBootstrapToken,
		Data: map[string][]byte{
			"token-id": id, "token-secret": secret, "expiration": []byte(expires.UTC().Format(time.RFC3339)),
			"usage-bootstrap-authentication": []byte("true"), "auth-extra-groups": []byte(BootstrapGroup),
			"description": []byte("hardway: the first certificate of the kubelet of " + node),
		},
	})
	return Token{Bearer: string(id) + "." + string(secret), object: object}, err
}

// Made is the change that makes it known to API servers.
func (t Token) Made() Change { return Change{Object: t.object, Verb: Create} }

// Taken is the change by which API servers forget it; at its expiry they do so by themselves.
func (t Token) Taken() Change { return Change{Object: t.object, Verb: Delete} }
