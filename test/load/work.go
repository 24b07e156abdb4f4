package load

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// kind is what a client does, once.
type kind struct {
	name string
	do   func(w *worker, ctx context.Context, round int) error
	// watches: it goes on until the others have ended, to see the last that they did.
	watches bool
	// gaps: the time between two of its answers says how long the API was away.
	gaps bool
}

var kinds = []kind{
	{name: "read", do: (*worker).read, gaps: true},
	{name: "write", do: (*worker).write, gaps: true},
	{name: "slow", do: (*worker).slow},
	{name: "watch", do: (*worker).watch, watches: true},
}

// worker is one client at work.
type worker struct {
	name    string
	kind    kind
	options Options
	core    client.CoreV1Interface
	tally   *tally
	// written is every acknowledged write, in order.
	written []write
	watched watched
	// first is closed at the first answer.
	first chan struct{}
	once  sync.Once
}

// write is one that was acknowledged, with the resource version that it was given.
type write struct {
	name           string
	value, version int
}

// field is where a ConfigMap holds its value.
const field = "round"

// work does its kind of thing until the context ends. What fails was counted below; the worker goes on.
func (w *worker) work(ctx context.Context) {
	var last time.Time
	for round := 1; ctx.Err() == nil; round++ {
		if err := w.kind.do(w, ctx, round); err == nil {
			last = w.sinceAnswer(last)
			w.answered()
		}
		select {
		case <-ctx.Done():
		case <-time.After(w.options.Pause):
		}
	}
	// One that got no answer any more waited to the end.
	w.sinceAnswer(last)
}

// sinceAnswer takes the time in since the last answer, and gives the time of this one.
func (w *worker) sinceAnswer(last time.Time) time.Time {
	now := time.Now()
	if w.kind.gaps && !last.IsZero() {
		w.tally.gapOf(w.name, last, now)
	}
	return now
}

func (w *worker) answered() { w.once.Do(func() { close(w.first) }) }

// bounded is for one request: it outlives the load's end, so that what is in flight then comes to its own.
func (w *worker) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), w.options.Timeout)
}

// read takes turns between one object and a list.
func (w *worker) read(ctx context.Context, round int) error {
	ctx, cancel := w.bounded(ctx)
	defer cancel()
	if round%2 == 0 {
		_, err := w.core.Namespaces().Get(ctx, w.options.Namespace, metav1.GetOptions{})
		return err
	}
	_, err := w.core.ConfigMaps(w.options.Namespace).List(ctx, metav1.ListOptions{Limit: 20})
	return err
}

// write makes a ConfigMap, and then changes it again and again; each value is one higher.
func (w *worker) write(ctx context.Context, round int) error {
	ctx, cancel := w.bounded(ctx)
	defer cancel()
	maps := w.core.ConfigMaps(w.options.Namespace)
	object := w.object(w.name, round)
	do := func() (*corev1.ConfigMap, error) { return maps.Update(ctx, object, metav1.UpdateOptions{}) }
	if len(w.written) == 0 {
		do = func() (*corev1.ConfigMap, error) { return maps.Create(ctx, object, metav1.CreateOptions{}) }
	}
	stands, err := do()
	if err != nil {
		return err
	}
	w.written = append(w.written, write{w.name, round, versionOf(stands)})
	return nil
}

func (w *worker) object(name string, value int) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{field: strconv.Itoa(value)},
	}
}

// slow makes a ConfigMap whose text takes its time to arrive: a request that is in flight when things happen.
func (w *worker) slow(ctx context.Context, round int) error {
	ctx, cancel := w.bounded(ctx)
	defer cancel()
	name := fmt.Sprintf("%s-%d", w.name, round)
	text, err := json.Marshal(w.object(name, round))
	if err != nil {
		return err
	}
	var stands corev1.ConfigMap
	err = w.core.RESTClient().Post().Namespace(w.options.Namespace).Resource("configmaps").
		SetHeader("Content-Type", "application/json").Body(trickle(ctx, text, w.options.Slow)).Do(ctx).Into(&stands)
	if err != nil {
		return err
	}
	w.written = append(w.written, write{name, round, versionOf(&stands)})
	return nil
}

// trickle gives a text in some ten parts over so much time.
func trickle(ctx context.Context, text []byte, over time.Duration) io.Reader {
	const parts = 10
	out, in := io.Pipe()
	go func() {
		for part := range slices.Chunk(text, len(text)/parts+1) {
			select {
			case <-time.After(over / parts):
			case <-ctx.Done():
			}
			if _, err := in.Write(part); err != nil {
				return
			}
		}
		_ = in.Close()
	}()
	return out
}
