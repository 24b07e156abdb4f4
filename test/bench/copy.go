package main

import (
	"context"
)

func copies(context.Context, *bench) ([]row, error) { return nil, nil }
