package remote_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"hardway/remote"
)

var errOdd = errors.New("is odd")

func TestForEachTellsEveryErrorInTheOrderOfTheItems(t *testing.T) {
	items := []int{5, 2, 3, 4, 1}
	begin := make(chan struct{})
	err := remote.ForEach(t.Context(), items, len(items), func(_ context.Context, n int) error {
		// The first to fail is the last item.
		if n == 1 {
			close(begin)
		}
		<-begin
		if n%2 == 1 {
			return fmt.Errorf("%d %w", n, errOdd)
		}
		return nil
	})
	if want := "5 is odd\n3 is odd\n1 is odd"; err == nil || err.Error() != want || !errors.Is(err, errOdd) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestForEachRunsNoMoreAtOnceThanAllowed(t *testing.T) {
	for _, c := range []struct{ parallel, want int64 }{{3, 3}, {1, 1}, {0, 1}, {-1, 1}, {100, 12}} {
		t.Run(fmt.Sprint(c.parallel), func(t *testing.T) {
			var running, most, done atomic.Int64
			full := make(chan struct{})
			err := remote.ForEach(t.Context(), make([]struct{}, 12), int(c.parallel), func(context.Context, struct{}) error {
				now := running.Add(1)
				for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
				}
				if now == c.want && done.Load() == 0 {
					close(full)
				}
				// Nobody leaves before as many as allowed are inside.
				<-full
				done.Add(1)
				running.Add(-1)
				return nil
			})
			if err != nil || done.Load() != 12 || most.Load() != c.want {
				t.Errorf("%d done, %d at once, want %d: %v", done.Load(), most.Load(), c.want, err)
			}
		})
	}
}

func TestForEachBeginsNothingOnceTheContextHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var begun []int
	err := remote.ForEach(ctx, []int{1, 2, 3, 4}, 1, func(_ context.Context, n int) error {
		begun = append(begun, n)
		if n == 2 {
			cancel()
			return errOdd
		}
		return nil
	})
	if !slices.Equal(begun, []int{1, 2}) {
		t.Errorf("began %v, want 1 and 2", begun)
	}
	if !errors.Is(err, errOdd) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want what failed and that the rest was left", err)
	}
}

func TestForEachOfNothing(t *testing.T) {
	if err := remote.ForEach(t.Context(), nil, 1, func(context.Context, int) error { return errOdd }); err != nil {
		t.Errorf("got %v", err)
	}
}
