package etcd

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"hardway/cluster"
)

// LockKey is held by whoever changes the members of the cluster or what runs on it.
const LockKey = "/hardway.io/lock"

const (
	// lockTTL is how long the key outlives a holder that does not come back, in seconds. A member that restarts takes a few.
	lockTTL = 15
	// renewEvery leaves time for a second try where a member does not answer the first within askTimeout.
	renewEvery = lockTTL * time.Second / 5
)

// Lock is the key, held.
type Lock struct {
	client *clientv3.Client
	lease  clientv3.LeaseID
	// lost is closed when the lease is gone.
	lost chan struct{}
}

// TakeLock puts the key with these words for as long as its lease is renewed. Where somebody else holds it, their words are
// returned, unless they are those to take over. It takes a quorum: an error says that there is none, or none that answers.
func TakeLock(ctx context.Context, spec *cluster.Spec, config *tls.Config, dial DialFunc, words, takeOver []byte) (lock *Lock, held []byte, err error) {
	var endpoints []string
	for _, node := range spec.With(cluster.RoleEtcd) {
		endpoints = append(endpoints, node.ClientURL())
	}
	client, err := clientv3.New(clientv3.Config{
		// An interrupted run still gives the lock back.
		Context: context.WithoutCancel(ctx), Endpoints: endpoints, TLS: config, Logger: zap.NewNop(), MaxCallRecvMsgSize: answerBytes,
		DialOptions: []grpc.DialOption{grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return dial(ctx, "tcp", address)
		})},
	})
	if err != nil {
		return nil, nil, fmt.Errorf("failed to set up a client for etcd: %w", err)
	}
	lock = &Lock{client: client, lost: make(chan struct{})}
	if held, err = lock.take(ctx, string(words), string(takeOver)); err != nil || held != nil {
		lock.Release()
		return nil, held, err
	}
	return lock, nil, nil
}

func (l *Lock) take(ctx context.Context, words, takeOver string) (held []byte, err error) {
	grant, err := asking(ctx, func(ctx context.Context) (*clientv3.LeaseGrantResponse, error) { return l.client.Grant(ctx, lockTTL) })
	if err != nil {
		return nil, fmt.Errorf("failed to get a lease from etcd: %w", err)
	}
	l.lease = grant.ID
	go l.renew()
	free := clientv3.Compare(clientv3.CreateRevision(LockKey), "=", 0)
	if takeOver != "" {
		free = clientv3.Compare(clientv3.Value(LockKey), "=", takeOver)
	}
	answer, err := asking(ctx, func(ctx context.Context) (*clientv3.TxnResponse, error) {
		return l.client.Txn(ctx).If(free).
			Then(clientv3.OpPut(LockKey, words, clientv3.WithLease(grant.ID))).Else(clientv3.OpGet(LockKey)).Commit()
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("failed to take etcd's lock %s: %w", LockKey, err)
	case answer.Succeeded:
		return nil, nil
	}
	for _, kv := range answer.Responses[0].GetResponseRange().Kvs {
		return kv.Value, nil
	}
	return nil, fmt.Errorf("failed to take etcd's lock %s: it was given back this moment, try again", LockKey)
}

// renew keeps the lease until the client is closed or the lease gone, each time on a stream of its own. A session of the
// client's library holds one open all the time, to a member of its choice: told to stop, that member would wait for its end,
// 7 s long.
func (l *Lock) renew() {
	for wait(l.client.Ctx(), renewEvery) {
		answer, err := asking(l.client.Ctx(), l.renewOnce)
		if err == nil && answer.TTL <= 0 {
			close(l.lost)
			return
		}
	}
}

// renewOnce waits for a member that answers. The library's KeepAliveOnce asks without a pause while there is none.
func (l *Lock) renewOnce(ctx context.Context) (*pb.LeaseKeepAliveResponse, error) {
	stream, err := pb.NewLeaseClient(l.client.ActiveConnection()).LeaseKeepAlive(ctx, grpc.WaitForReady(true))
	if err != nil {
		return nil, err
	}
	if err := stream.Send(&pb.LeaseKeepAliveRequest{ID: int64(l.lease)}); err != nil {
		return nil, err
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	return stream.Recv()
}

// Lost is closed when the lease is known to be gone: somebody else may have the key by now.
func (l *Lock) Lost() <-chan struct{} { return l.lost }

// confirmAgain is how long to wait before etcd is asked again.
const confirmAgain = 250 * time.Millisecond

// Confirm asks etcd whether the key is held still. While a member restarts and the lead changes hands that takes a while.
func (l *Lock) Confirm(ctx context.Context) error {
	for end := time.Now().Add(lockTTL * time.Second); ; time.Sleep(confirmAgain) {
		answer, err := asking(ctx, func(ctx context.Context) (*clientv3.GetResponse, error) { return l.client.Get(ctx, LockKey) })
		switch {
		case err == nil && len(answer.Kvs) == 1 && clientv3.LeaseID(answer.Kvs[0].Lease) == l.lease:
			return nil
		case err == nil:
			return l.problem("the lock of this run is gone, or another's: the run stops before its next change")
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Now().After(end):
			return l.problem(fmt.Sprintf("etcd does not say whether this run holds its lock still, so the run stops before its next change: %v", err))
		}
	}
}

func (l *Lock) problem(message string) error {
	return cluster.Problems{{
		Subject: "etcd " + LockKey, Message: message,
		Hint: "`hardway unlock` shows who is at work, `hardway etcd verify` whether etcd is well; the same command goes on later",
	}}
}

// Release gives the key back. One that etcd does not answer to goes with its lease.
func (l *Lock) Release() {
	if l.lease != clientv3.NoLease {
		_, _ = asking(l.client.Ctx(), func(ctx context.Context) (*clientv3.LeaseRevokeResponse, error) { return l.client.Revoke(ctx, l.lease) })
	}
	_ = l.client.Close()
}
