package remote

import (
	"context"
	"errors"
	"sync"
)

// ForEach runs fn for every item, at most parallel at once, and joins the errors of all in the order of the items: one
// host that fails never hides another. Once the context has ended, items that have not begun are left, and that is said
// once.
func ForEach[T any](ctx context.Context, items []T, parallel int, fn func(context.Context, T) error) error {
	errs := make([]error, len(items), len(items)+1)
	slots := make(chan struct{}, max(1, parallel))
	var wg sync.WaitGroup
	var left error
	for i, item := range items {
		slots <- struct{}{}
		if left = ctx.Err(); left != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			errs[i] = fn(ctx, item)
		})
	}
	wg.Wait()
	return errors.Join(append(errs, left)...)
}
