package remote

import (
	"fmt"
	"net"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// offer is the keys for one handshake, and the connection to the agent that signs with some of them.
type offer struct {
	signers   []ssh.Signer
	fromAgent []ssh.Signer
	// note says why the agent did not help, empty where it did or where there is none.
	note  string
	agent net.Conn
}

// agentPatience bounds how long an agent may take to accept a connection and to list its keys.
const agentPatience = 5 * time.Second

// openAgent asks the agent for its keys. One that does not answer is no error: the identity files may do, as with ssh.
func openAgent(socket string) *offer {
	o := &offer{}
	if socket == "" {
		return o
	}
	conn, err := net.DialTimeout("unix", socket, agentPatience)
	if err != nil {
		o.note = fmt.Sprintf(" (the SSH agent does not answer: %v)", err)
		return o
	}
	o.agent = conn
	_ = conn.SetDeadline(time.Now().Add(agentPatience))
	if o.fromAgent, err = agent.NewClient(conn).Signers(); err != nil {
		o.note = fmt.Sprintf(" (the SSH agent at %s does not tell its keys: %v)", socket, err)
	}
	_ = conn.SetDeadline(time.Time{})
	return o
}

// add takes keys in that are not there yet.
func (o *offer) add(signers ...ssh.Signer) {
	for _, signer := range signers {
		if o.holdsIn(o.signers, signer.PublicKey()) == nil {
			o.signers = append(o.signers, signer)
		}
	}
}

// holds is the agent's signer for a public key, nil where it has none.
func (o *offer) holds(public ssh.PublicKey) ssh.Signer { return o.holdsIn(o.fromAgent, public) }

func (o *offer) holdsIn(signers []ssh.Signer, public ssh.PublicKey) ssh.Signer {
	if public == nil {
		return nil
	}
	i := slices.IndexFunc(signers, func(s ssh.Signer) bool { return sameKey(s.PublicKey(), public) })
	if i < 0 {
		return nil
	}
	return signers[i]
}

// close ends the connection to the agent. Nothing is signed after a handshake.
func (o *offer) close() {
	if o.agent != nil {
		_ = o.agent.Close()
	}
}
