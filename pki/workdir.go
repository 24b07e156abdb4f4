package pki

import "hardway/artifact"

// WorkDir is the work directory the store reads from: what else a component delivers stands there too.
func (s *Store) WorkDir() *artifact.WorkDir { return s.work }
