package manifests

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// Client speaks to one API server.
type Client struct{ objects dynamic.Interface }

// DialFunc opens a connection, from wherever the API server is to be reached from.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// requestTimeout bounds one request: one that waits for etcd's lead to change hands still gets its answer.
const requestTimeout = 30 * time.Second

// Connect makes a client of the API server at host:port. It opens no connection yet.
func Connect(address string, config *tls.Config, dial DialFunc) (*Client, error) {
	objects, err := dynamic.NewForConfig(Config(address, config, dial))
	if err != nil {
		return nil, fmt.Errorf("failed to make a client of %s: %w", address, err)
	}
	return &Client{objects: objects}, nil
}

// Config is how a client of the API server at host:port is made. Requests take at most as long as one may that waits for
// etcd's lead to change hands.
func Config(address string, config *tls.Config, dial DialFunc) *rest.Config {
	return &rest.Config{
		Host: "https://" + address, UserAgent: FieldManager, Timeout: requestTimeout,
		// One operator's few requests need no throttle of their own.
		QPS:       -1,
		Transport: &http.Transport{TLSClientConfig: config, DialContext: dial, ForceAttemptHTTP2: true},
	}
}

func (c *Client) of(o Object) dynamic.ResourceInterface {
	if o.GetNamespace() != "" {
		return c.objects.Resource(o.resource()).Namespace(o.GetNamespace())
	}
	return c.objects.Resource(o.resource())
}

// Verb is what applying does to an object.
type Verb string

// The verbs.
const (
	Create Verb = "create"
	Update Verb = "update"
	Delete Verb = "delete"
)

// Change is what applying does to one object. Live and Applied are how it stands before and after, without what the API
// server keeps account with; nil where it does not stand.
type Change struct {
	Object        Object
	Verb          Verb
	Live, Applied map[string]any
}

// Compare asks the API server what applying the object would change; nil is nothing. The server itself computes it, with
// everything that it defaults, and changes nothing.
func (c *Client) Compare(ctx context.Context, o Object) (*Change, error) {
	live, err := c.of(o).Get(ctx, o.GetName(), meta.GetOptions{})
	if apierrors.IsNotFound(err) {
		return &Change{Object: o, Verb: Create, Applied: o.Object}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("failed to get %s: %w", o, err)
	}
	wanted, err := o.beside(live)
	if err != nil {
		return nil, err
	}
	applied, err := c.apply(ctx, wanted, meta.DryRunAll)
	if err != nil {
		return nil, err
	}
	change := &Change{Object: wanted, Verb: Update, Live: stripped(live), Applied: stripped(applied)}
	if equality.Semantic.DeepEqual(change.Live, change.Applied) {
		return nil, nil //nolint:nilnil // no change is no error
	}
	return change, nil
}

// Do makes the change.
func (c *Client) Do(ctx context.Context, change Change) error {
	if change.Verb == Delete {
		err := c.of(change.Object).Delete(ctx, change.Object.GetName(), meta.DeleteOptions{PropagationPolicy: new(meta.DeletePropagationBackground)})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("failed to delete %s: %w", change.Object, err)
		}
		return nil
	}
	_, err := c.apply(ctx, change.Object)
	return err
}

// apply takes what hardway wants from whoever had it: the spec is the only input.
func (c *Client) apply(ctx context.Context, o Object, dryRun ...string) (*unstructured.Unstructured, error) {
	applied, err := c.of(o).Apply(ctx, o.GetName(), o.Unstructured, meta.ApplyOptions{FieldManager: FieldManager, Force: true, DryRun: dryRun})
	if err != nil {
		return nil, fmt.Errorf("failed to apply %s: %w", o, err)
	}
	return applied, nil
}

// stripped is an object without what changes by being written.
func stripped(u *unstructured.Unstructured) map[string]any {
	u = u.DeepCopy()
	for _, field := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"} {
		unstructured.RemoveNestedField(u.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(u.Object, "status")
	return u.Object
}
