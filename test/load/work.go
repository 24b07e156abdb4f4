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
	// gaps: the time between two of its answers says how long the API was away.
	gaps bool
}

var kinds = []kind{
	{"read", (*worker).read, true},
	{"write", (*worker).write, true},
	{"slow", (*worker).slow, false},
	{"watch", (*worker).watch, false},
}

// worker is one client at work.
type worker struct {
	name    string
	options Options
	core    client.CoreV1Interface
	tally   *tally
	// written is the last acknowledged value of each ConfigMap that the worker wrote.
	written map[string]int
	// first is closed at the first answer.
	first chan struct{}
	once  sync.Once
}

// field is where a ConfigMap holds its value.
const field = "round"

// work does the kind's thing until the context ends. What fails was counted below; the worker goes on.
func (w *worker) work(ctx context.Context, k kind) {
	var last time.Time
	for round := 1; ctx.Err() == nil; round++ {
		if err := k.do(w, ctx, round); err == nil {
			now := time.Now()
			if k.gaps && !last.IsZero() {
				w.tally.gapOf(w.name, last, now)
			}
			last = now
			w.answered()
		}
		select {
		case <-ctx.Done():
		case <-time.After(w.options.Pause):
		}
	}
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
	var err error
	if w.written[w.name] == 0 {
		_, err = maps.Create(ctx, object, metav1.CreateOptions{})
	} else {
		_, err = maps.Update(ctx, object, metav1.UpdateOptions{})
	}
	if err == nil {
		w.written[w.name] = round
	}
	return err
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
	err = w.core.RESTClient().Post().Namespace(w.options.Namespace).Resource("configmaps").
		SetHeader("Content-Type", "application/json").Body(io.Reader(trickle(ctx, text, w.options.Slow))).Do(ctx).Error()
	if err == nil {
		w.written[name] = round
	}
	return err
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

// watch lives as long as it asked to, and is cut short where it ends before. One second is the server's rounding.
func (w *worker) watch(ctx context.Context, _ int) error {
	seconds := int64(w.options.Watch / time.Second)
	began := time.Now()
	events, err := w.core.ConfigMaps(w.options.Namespace).Watch(ctx, metav1.ListOptions{TimeoutSeconds: &seconds})
	if err != nil {
		return err
	}
	defer events.Stop()
	for range events.ResultChan() {
		w.answered()
	}
	if lived := time.Since(began); ctx.Err() == nil && lived < w.options.Watch-time.Second {
		w.tally.cutShort(Failure{Client: w.name, At: time.Now(), After: lived, Method: "WATCH"})
	}
	return nil
}

// missing looks for what the worker has written.
func (w *worker) missing(ctx context.Context, core client.CoreV1Interface, report *Report) error {
	if len(w.written) == 0 {
		return nil
	}
	list, err := core.ConfigMaps(w.options.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("failed to look for what %s wrote: %w", w.name, err)
	}
	stands := map[string]int{}
	for _, m := range list.Items {
		stands[m.Name], _ = strconv.Atoi(m.Data[field])
	}
	for name, value := range w.written {
		if stands[name] < value {
			report.Lost = append(report.Lost, fmt.Sprintf("%s: value %d was acknowledged, %d stands there", name, value, stands[name]))
		}
	}
	return nil
}
