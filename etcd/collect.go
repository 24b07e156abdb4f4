package etcd

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"hardway/cluster"
)

// How often and how long apart members are asked again while what they say does not fit together yet, as during an
// election.
const (
	settleRounds = 5
	settlePause  = 500 * time.Millisecond
)

// Collect asks every etcd member of the spec, all at once and each question bounded, and adds what the caller found on
// hosts. Nothing is written: not even alarms are asked for by the request that goes through the log. config presents a
// client certificate and trusts the authorities of etcd's bundle; its clock, if any, is what certificates are judged by.
func Collect(ctx context.Context, spec *cluster.Spec, config *tls.Config, dial DialFunc, delivered []DeliveredUnit) Evidence {
	c := collection{ctx: ctx, config: config, dial: dial}
	for _, node := range spec.With(cluster.RoleEtcd) {
		c.members = append(c.members, &asked{node: node})
	}
	defer c.close()
	c.each((*asked).open)
	for round := 1; ; round++ {
		c.each((*asked).ask)
		c.hash()
		evidence := Evidence{Members: c.evidence(), Units: delivered}
		if round == settleRounds || settled(evidence) || !wait(ctx, settlePause) {
			return evidence
		}
	}
}

// wait reports whether the pause passed before the context ended.
func wait(ctx context.Context, pause time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

// settled reports whether asking again could not make a difference: members of one cluster agree on leader and term, and
// their hashes are comparable.
func settled(e Evidence) bool {
	first := map[uint64]MemberEvidence{}
	for _, m := range e.Members {
		if m.Error != "" || m.Learner {
			continue
		}
		if m.Leader == 0 || m.ReadError != "" || m.Hash.Error != "" {
			return false
		}
		f, seen := first[m.ClusterID]
		if !seen {
			first[m.ClusterID] = m
			continue
		}
		if f.Leader != m.Leader || f.Term != m.Term || f.Hash != m.Hash {
			return false
		}
	}
	return true
}

// collection is one run of asking.
type collection struct {
	ctx     context.Context
	config  *tls.Config
	dial    DialFunc
	members []*asked
}

// asked is one member with what it said so far.
type asked struct {
	node   cluster.Node
	client *client
	// opened is what stays between rounds: the certificates, and why there is no client.
	opened, seen MemberEvidence
}

// each does the same with all members at once.
func (c *collection) each(do func(*asked, *collection)) {
	var wg sync.WaitGroup
	for _, m := range c.members {
		wg.Go(func() { do(m, c) })
	}
	wg.Wait()
}

func (c *collection) close() {
	for _, m := range c.members {
		if m.client != nil {
			_ = m.client.Close()
		}
	}
}

func (c *collection) evidence() []MemberEvidence {
	out := make([]MemberEvidence, len(c.members))
	for i, m := range c.members {
		out[i] = m.seen
	}
	return out
}

// open looks at the certificates of both ports and, where the client port serves a good one, gets ready to ask.
func (m *asked) open(c *collection) {
	ctx, cancel := context.WithTimeout(c.ctx, askTimeout)
	defer cancel()
	m.opened = MemberEvidence{Host: m.node.Name}
	var wg sync.WaitGroup
	wg.Go(func() { m.opened.Client = probe(ctx, m.node.ClientURL(), c.config, c.dial) })
	wg.Go(func() { m.opened.Peer = probe(ctx, m.node.PeerURL(), c.config, c.dial) })
	wg.Wait()
	switch served := m.opened.Client; {
	case served.Error != "":
		m.opened.Error = served.Error
	case !served.ok():
		m.opened.Error = "it serves a certificate that is not good, so it was not asked"
	default:
		var err error
		if m.client, err = connect(c.ctx, m.node, c.config, c.dial); err != nil {
			m.opened.Error = err.Error()
		}
	}
}

// ask asks one member everything but its hash. The list comes on its own: it waits for nothing that the status says.
func (m *asked) ask(c *collection) {
	m.seen = m.opened
	if m.client == nil {
		return
	}
	listed := make(chan func(), 1)
	go func() {
		list, err := asking(c.ctx, func(ctx context.Context) (*clientv3.MemberListResponse, error) {
			return m.client.MemberList(ctx, clientv3.WithSerializable())
		})
		listed <- func() { m.seen.takeList(list, err) }
	}()
	status, err := asking(c.ctx, m.client.status)
	takeList := <-listed
	if err != nil {
		m.seen.Error = fmt.Sprintf("failed to ask for its status: %v", err)
		return
	}
	m.seen.takeStatus(status)
	if m.seen.Learner {
		// A learner answers nothing else.
		return
	}
	takeList()
	if m.seen.Leader == 0 {
		// Without a leader the read would wait for one until it times out.
		return
	}
	_, err = asking(c.ctx, func(ctx context.Context) (*clientv3.GetResponse, error) {
		return m.client.Get(ctx, "health")
	})
	m.seen.ReadError = text(err)
}

// hash asks the members of each cluster for the hash of their data at a revision that all of them have.
func (c *collection) hash() {
	common := commonRevisions(c.evidence())
	c.each(func(m *asked, c *collection) {
		if m.seen.Error != "" || m.seen.Learner {
			return
		}
		revision := common[m.seen.ClusterID]
		answer, err := asking(c.ctx, func(ctx context.Context) (*clientv3.HashKVResponse, error) {
			return m.client.maintenance.HashKV(ctx, "", revision)
		})
		m.seen.Hash = Hash{Revision: revision, Error: text(err)}
		if err == nil {
			m.seen.Hash.Compacted, m.seen.Hash.Value = answer.CompactRevision, answer.Hash
		}
	})
}

// commonRevisions is, for each cluster, the newest revision that all of its members have: a busy cluster's members are
// never all at the same one.
func commonRevisions(members []MemberEvidence) map[uint64]int64 {
	common := map[uint64]int64{}
	for _, m := range members {
		if r, seen := common[m.ClusterID]; m.Error == "" && !m.Learner && (!seen || m.Revision < r) {
			common[m.ClusterID] = m.Revision
		}
	}
	return common
}
