package remote_test

import (
	"context"
	"strings"
	"testing"

	"hardway/remote"
	"hardway/test/sshd"
)

// Behind one jump host that lets two log in at a time and drops everybody else, all get through: 24 hosts at once are three
// times what hardway itself lets log in there together.
func TestServerThatDropsConnectionsIsTriedAgain(t *testing.T) {
	h := startHost(t, sshd.Options{Config: []string{"MaxStartups 100"}})
	jump := startHost(t, sshd.Options{Authorized: []string{authorizedLine(t, h.IdentityFile)}, Config: []string{"MaxStartups 2"}})
	h.trust(t, h.KnownHostsLines(h.HostKeys...)+jump.KnownHostsLines(jump.HostKeys...))
	h.settings.Jump = []string{jump.Endpoint()}
	dialer := remote.NewDialer(h.options)
	must(t, remote.ForEach(t.Context(), make([]int, 24), 24, func(ctx context.Context, _ int) error {
		client, err := dialer.Dial(ctx, h.node)
		if err != nil {
			return err
		}
		return client.Close()
	}))
	if !strings.Contains(jump.Log(), "past MaxStartups") {
		t.Error("the jump host dropped nobody: this test says nothing")
	}
}

func TestServerThatDropsEveryConnectionIsGivenUp(t *testing.T) {
	h := startHost(t, sshd.Options{Config: []string{"MaxStartups 1", "LoginGraceTime 60"}})
	hold := holdLogin(t, h)
	defer hold.Close()
	h.refuses(t, h.dialFails(t), "drops connections", "MaxStartups")
}
