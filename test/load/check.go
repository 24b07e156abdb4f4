package load

import (
	"context"
	"fmt"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// patience is how long watchers may take to see what was written last.
const patience = 10 * time.Second

// catchUp waits until every watcher has come as far as the last write.
func (l *Load) catchUp() {
	newest := 0
	for _, w := range l.workers {
		for _, written := range w.written {
			newest = max(newest, written.version)
		}
	}
	for deadline := time.Now().Add(patience); l.behind(newest) && time.Now().Before(deadline); {
		time.Sleep(l.options.Pause)
	}
}

func (l *Load) behind(version int) bool {
	for _, w := range l.workers {
		if w.kind.watches && w.watched.last.Load() < int64(version) {
			return true
		}
	}
	return false
}

// lost is the acknowledged writes that are not there: whose object holds a lower value.
func (l *Load) lost(ctx context.Context, core client.CoreV1Interface) ([]string, error) {
	list, err := core.ConfigMaps(l.options.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("failed to look for what was written: %w", err)
	}
	stands := map[string]int{}
	for _, m := range list.Items {
		stands[m.Name], _ = strconv.Atoi(m.Data[field])
	}
	var lost []string
	for _, w := range l.workers {
		for _, written := range w.written {
			if stands[written.name] < written.value {
				lost = append(lost, fmt.Sprintf("%s: value %d was acknowledged, %d stands there", written.name, written.value, stands[written.name]))
			}
		}
	}
	return lost, nil
}

// missed is the acknowledged writes that a watcher was never told of.
func (l *Load) missed() []string {
	var missed []string
	for _, watcher := range l.workers {
		if !watcher.kind.watches {
			continue
		}
		for _, w := range l.workers {
			for _, written := range w.written {
				if written.version > watcher.watched.from && !watcher.watched.seen[written.version] {
					missed = append(missed, fmt.Sprintf("%s was never told of value %d of %s", watcher.name, written.value, written.name))
				}
			}
		}
	}
	return missed
}
