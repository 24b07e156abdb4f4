package etcd

import (
	"context"
	"errors"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"hardway/cluster"
)

// Value is what stands at a key, as the first member that answers has it, agreed with the others; nil where nothing does.
func (a Access) Value(ctx context.Context, spec *cluster.Spec, key string) ([]byte, error) {
	var errs []error
	for _, node := range spec.With(cluster.RoleEtcd) {
		var value []byte
		err := a.with(ctx, node, "read "+key, func(c *client) error {
			answer, err := asking(ctx, func(ctx context.Context) (*clientv3.GetResponse, error) { return c.Get(ctx, key) })
			if err == nil && len(answer.Kvs) > 0 {
				value = answer.Kvs[0].Value
			}
			return err
		})
		if err == nil {
			return value, nil
		}
		if errs = append(errs, err); ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("no member tells: %w", errors.Join(errs...))
}
