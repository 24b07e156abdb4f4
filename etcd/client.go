package etcd

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"hardway/cluster"
)

// askTimeout bounds every single question to a member. An election takes a second or two; a member that needs longer than
// this is not healthy.
const askTimeout = 5 * time.Second

// answerBytes bounds one answer: none of those that are asked for is large, whatever a member says.
const answerBytes = 16 << 20

// client speaks to one member only, whatever the member says of others.
type client struct {
	*clientv3.Client
	maintenance clientv3.Maintenance
}

// connect does not wait for the connection: the first question does.
func connect(ctx context.Context, node cluster.Node, config *tls.Config, dial DialFunc) (*client, error) {
	inner, err := clientv3.New(clientv3.Config{
		Context: ctx, Endpoints: []string{node.ClientURL()}, TLS: config, Logger: zap.NewNop(), MaxCallRecvMsgSize: answerBytes, MaxUnaryRetries: 1,
		DialOptions: []grpc.DialOption{grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return dial(ctx, "tcp", address)
		})},
	})
	if err != nil {
		return nil, fmt.Errorf("failed to set up a client for etcd on %s: %w", node.Name, err)
	}
	// The maintenance client of clientv3 dials anew for every question; one connection is enough.
	one := clientv3.RetryMaintenanceClient(inner, inner.ActiveConnection())
	return &client{Client: inner, maintenance: clientv3.NewMaintenanceFromMaintenanceClient(one, inner)}, nil
}

// asking bounds one question.
func asking[T any](ctx context.Context, question func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return question(ctx)
}
