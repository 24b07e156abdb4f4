package load

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/clientcmd"
)

// Options is what a load is made of. A zero gives the default that stands behind.
type Options struct {
	// Kubeconfig is the file of a user who may do everything with namespaces and ConfigMaps.
	Kubeconfig string
	// Clients is how many there are of each kind: 3.
	Clients int
	// Namespace is where they work, made where it is missing: load.
	Namespace string
	// Pause is between two requests of a client: 20ms.
	Pause time.Duration
	// Watch is how long a watch asks to live: 10s.
	Watch time.Duration
	// Slow is how long a slow write is in flight: 5s.
	Slow time.Duration
	// Timeout bounds each request but watches; one that takes longer has failed: 30s.
	Timeout time.Duration
}

func (o *Options) complete() {
	if o.Clients == 0 {
		o.Clients = 3
	}
	if o.Namespace == "" {
		o.Namespace = "load"
	}
	for _, d := range []struct {
		value     *time.Duration
		otherwise time.Duration
	}{{&o.Pause, 20 * time.Millisecond}, {&o.Watch, 10 * time.Second}, {&o.Slow, 5 * time.Second}, {&o.Timeout, 30 * time.Second}} {
		if *d.value == 0 {
			*d.value = d.otherwise
		}
	}
}

// Load is clients at work.
type Load struct {
	options Options
	tally   *tally
	workers []*worker
	began   time.Time
	// work is those who read and write, watch is those who look on until the others have ended.
	work, watch group
}

// group is workers that end together.
type group struct {
	stop    context.CancelFunc
	running sync.WaitGroup
}

func (g *group) end() {
	g.stop()
	g.running.Wait()
}

// Start sets the clients to work and returns once each has had its first answer; an error says why one got none within
// the timeout. ctx bounds the whole load, whoever starts it calls Stop.
func Start(ctx context.Context, o Options) (*Load, error) {
	o.complete()
	l := &Load{options: o, tally: newTally(), began: time.Now()}
	core, err := l.client("load", l.tally.uncounted())
	if err != nil {
		return nil, err
	}
	if err := makeNamespace(ctx, core, o.Namespace); err != nil {
		return nil, err
	}
	var working, watching context.Context
	working, l.work.stop = context.WithCancel(ctx)
	watching, l.watch.stop = context.WithCancel(ctx)
	for _, k := range kinds {
		for i := range o.Clients {
			name := fmt.Sprintf("%s-%d", k.name, i+1)
			if k.watches {
				err = l.set(watching, &l.watch, k, name)
			} else {
				err = l.set(working, &l.work, k, name)
			}
			if err != nil {
				l.end()
				return nil, err
			}
		}
	}
	return l, l.wait(ctx)
}

func makeNamespace(ctx context.Context, core client.CoreV1Interface, name string) error {
	_, err := core.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("failed to make the namespace of the load: %w", err)
	}
	return nil
}

// set puts one worker to work.
func (l *Load) set(ctx context.Context, g *group, k kind, name string) error {
	core, err := l.client(name, l.tally.counted(name))
	if err != nil {
		return err
	}
	w := &worker{name: name, options: l.options, core: core, tally: l.tally, kind: k, first: make(chan struct{})}
	l.workers = append(l.workers, w)
	g.running.Go(func() { w.work(ctx) })
	return nil
}

// wait is until every worker has had an answer.
func (l *Load) wait(ctx context.Context) error {
	patience := time.NewTimer(l.options.Timeout)
	defer patience.Stop()
	for _, w := range l.workers {
		select {
		case <-w.first:
		case <-ctx.Done():
			return ctx.Err()
		case <-patience.C:
			l.end()
			return fmt.Errorf("failed to get an answer for %s within %s: %s", w.name, l.options.Timeout, l.report())
		}
	}
	return nil
}

// Stop lets requests in flight come to their end, waits until watchers have seen the last write, and looks for every write
// that was acknowledged. The error is for when it could not look.
func (l *Load) Stop(ctx context.Context) (Report, error) {
	l.work.end()
	l.catchUp()
	l.watch.end()
	report := l.report()
	report.Missed = l.missed()
	core, err := l.client("check", l.tally.uncounted())
	if err != nil {
		return report, err
	}
	report.Lost, err = l.lost(ctx, core)
	return report, err
}

func (l *Load) end() {
	l.work.end()
	l.watch.end()
}

// client is one with connections of its own: client-go shares them between those that dial alike.
func (l *Load) client(name string, wrap wrapper) (client.CoreV1Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", l.options.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("failed to read kubeconfig %s: %w", l.options.Kubeconfig, err)
	}
	config.Dial = newDialer().DialContext
	config.QPS = -1
	config.UserAgent = "load/" + name
	config.Wrap(wrap)
	core, err := client.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("failed to make a client from kubeconfig %s: %w", l.options.Kubeconfig, err)
	}
	return core, nil
}
