package load

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// watched is what a watcher has seen: as informers do, it goes on where its last watch ended.
type watched struct {
	// from is where it began, last how far it has come; resource versions.
	from int
	last atomic.Int64
	// next is where the next watch begins; empty for what stands there now.
	next string
	seen map[int]bool
}

// watch lives as long as it asked to, and is cut short where it ends before, by more than a second.
func (w *worker) watch(ctx context.Context, _ int) error {
	if err := w.takePlace(ctx); err != nil {
		return err
	}
	seconds := int64(w.options.Watch / time.Second)
	began := time.Now()
	events, err := w.core.ConfigMaps(w.options.Namespace).Watch(ctx, metav1.ListOptions{
		TimeoutSeconds: &seconds, ResourceVersion: w.watched.next, AllowWatchBookmarks: true,
	})
	if err != nil {
		return err
	}
	defer events.Stop()
	for e := range events.ResultChan() {
		w.saw(ctx, e)
	}
	if lived := time.Since(began); ctx.Err() == nil && lived < w.options.Watch-time.Second {
		w.tally.cutShort(Failure{Client: w.name, At: time.Now(), After: lived, Method: "WATCH"})
	}
	return nil
}

// takePlace is where a watch begins that cannot go on where another ended.
func (w *worker) takePlace(ctx context.Context) error {
	if w.watched.next != "" {
		return nil
	}
	ctx, cancel := w.bounded(ctx)
	defer cancel()
	list, err := w.core.ConfigMaps(w.options.Namespace).List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return err
	}
	w.watched.next = list.ResourceVersion
	if w.watched.from == 0 {
		w.watched.from, w.watched.seen = version(list.ResourceVersion), map[int]bool{}
	}
	return nil
}

// saw takes an event in. One that is an error (too old a version to go on from, say) is a failure, unless the watch was
// given up by the client itself.
func (w *worker) saw(ctx context.Context, e watch.Event) {
	object, known := e.Object.(metav1.Object)
	if e.Type == watch.Error || !known {
		if ctx.Err() == nil {
			w.tally.fail(Failure{Client: w.name, At: time.Now(), Method: "WATCH", Err: apierrors.FromObject(e.Object)})
		}
		w.watched.next = ""
		return
	}
	w.answered()
	w.watched.next = object.GetResourceVersion()
	w.watched.last.Store(int64(versionOf(object)))
	if e.Type != watch.Bookmark {
		w.watched.seen[versionOf(object)] = true
	}
}

// versionOf is an object's resource version as the number that it is in etcd.
func versionOf(object metav1.Object) int { return version(object.GetResourceVersion()) }

func version(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
