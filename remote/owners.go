package remote

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// resolveOwners finds the numbers of the owners' names: those that a look has found before stay as they are, the others are
// asked for.
func (s *staged) resolveOwners(ctx context.Context) error {
	s.owners = s.client.knownOwners()
	var names []string
	for _, f := range slices.Concat(s.dirs, s.files) {
		name := f.OwnerOrRoot()
		if _, known := s.owners[name]; !known && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	state, err := s.client.Look(ctx, Query{Owners: names})
	if err != nil {
		return err
	}
	for _, name := range names {
		owner, ok := state.Owners[name]
		if !ok {
			return fmt.Errorf("there is no user and group %s on the host", name)
		}
		s.owners[name] = owner
	}
	return nil
}

// knownOwners is every owner that a look has found; root is the same everywhere.
func (c *Client) knownOwners() map[string]Owner {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := map[string]Owner{"root:root": {}}
	maps.Copy(known, c.owners)
	return known
}

func (c *Client) learnOwners(seen map[string]Owner) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.owners == nil {
		c.owners = map[string]Owner{}
	}
	maps.Copy(c.owners, seen)
}
