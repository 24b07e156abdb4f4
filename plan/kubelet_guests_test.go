package plan

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"hardway/manifests"
)

// TestATokenIsRevokedThoughItsHostIsGone: whoever has that host has the token, which is good for any node's certificate.
func TestATokenIsRevokedThoughItsHostIsGone(t *testing.T) {
	token, err := manifests.NewToken(rand.Reader, "w1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var revoked []string
	gone := errors.New("no route to host")
	g := &guests{
		tokens: map[string]manifests.Token{"w1": token},
		off:    func(context.Context, string) error { return gone },
		revoke: func(_ context.Context, token manifests.Token) error {
			revoked = append(revoked, token.Bearer)
			return nil
		},
	}
	for range 2 {
		if err := g.takeBack(t.Context(), "w1"); !errors.Is(err, gone) {
			t.Errorf("it says %v", err)
		}
	}
	if len(revoked) != 1 || revoked[0] != token.Bearer {
		t.Errorf("%d tokens were revoked, want this one, once", len(revoked))
	}
}
