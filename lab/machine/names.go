package machine

import (
	"context"

	"hardway/remote"
)

// prefix begins every name in Docker.
const prefix = "hardway-"

// The labels by which what belongs to a lab is found again.
const (
	labelLab  = "hardway.lab"
	labelHost = "hardway.host"
)

func (l Lab) network() string { return prefix + l.Name }

func (l Lab) container(host string) string { return prefix + l.Name + "-" + host }

func (l Lab) label() string { return labelLab + "=" + l.Name }

func (l Lab) filter() string { return "label=" + l.label() }

func forEach[T any](ctx context.Context, items []T, fn func(context.Context, T) error) error {
	return remote.ForEach(ctx, items, parallel, fn)
}
