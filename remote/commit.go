package remote

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	"hardway/artifact"
)

// Commit puts what is staged in place, in the order of the paths. Each rename is atomic, and the host is asked for both
// halves of a pair in one packet, so that it does them microseconds apart whatever becomes of the connection: some servers
// read a key and its certificate at every handshake. Ending the context stops a commit
// that has not begun; one that has begun is finished. A commit that fails leaves each file whole, old or new, and nothing
// staged: running again finishes it.
func (s *staged) Commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return s.client.cannotWrite("stopped before staged files were put in place", err)
	}
	begun, cancel := lingering(ctx)
	defer cancel()
	if err := s.commit(begun); err != nil {
		s.abandon(ctx)
		return s.client.cannotWrite("failed to put staged files in place", s.client.cause(begun, err))
	}
	s.finish()
	return nil
}

func (s *staged) commit(ctx context.Context) error {
	server, release, err := s.client.sftp(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := s.settleDirs(server); err != nil {
		return err
	}
	err = s.rename(server)
	// What is in place has to last, also where something else is not.
	if err := errors.Join(err, server.syncDirs(s.touched())); err != nil {
		return err
	}
	return server.removeStages(s.targets())
}

// settleDirs gives the tree's directories the owner and mode that they were not seen to have, those below others first: what
// they are in may be shut by it.
func (s *staged) settleDirs(server *files) error {
	var asks []func() error
	for _, d := range slices.Backward(s.dirs) {
		settled := func(err error) error {
			if err != nil {
				return fmt.Errorf("failed to set mode %04o and owner %s of %s: %w", d.Mode.Perm(), d.OwnerOrRoot(), d.Path, err)
			}
			return nil
		}
		seen, owner := s.seen[d.Path], s.owners[d.OwnerOrRoot()]
		if seen.Owner != d.OwnerOrRoot() {
			asks = append(asks, func() error { return settled(server.Chown(d.Path, owner.UID, owner.GID)) })
		}
		if !seen.Exists || seen.Mode.Perm() != d.Mode.Perm() {
			asks = append(asks, func() error { return settled(server.Chmod(d.Path, d.Mode.Perm())) })
		}
	}
	return server.inTurn(len(asks), func(i int) error { return asks[i]() })
}

// rename puts the files in place one right after the other.
func (s *staged) rename(server *files) error {
	for _, files := range atOnce(s.files) {
		err := server.inTurn(len(files), func(i int) error {
			f := files[i]
			if err := server.PosixRename(stagedPath(f), f.Path); err != nil {
				return fmt.Errorf("failed to rename %s to %s: %w", stagedPath(f), f.Path, err)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// atOnce splits the renames into parts that fit into one packet of SSH, which a lost connection cannot tear: a key and its
// certificate are in the same.
func atOnce(list []artifact.File) (parts [][]artifact.File) {
	// A rename has two paths; a packet holds 32 KiB: RFC 4253, section 6.1.
	const most = 50
	for len(list) > 0 {
		n := min(most, len(list))
		for n > 1 && n < len(list) && stem(list[n-1]) == stem(list[n]) {
			n--
		}
		parts, list = append(parts, list[:n]), list[n:]
	}
	return parts
}

// touched is every directory with a new name in it, or a new mode.
func (s *staged) touched() []string {
	dirs := s.targets()
	for _, d := range s.dirs {
		dirs = append(dirs, d.Path)
	}
	for _, made := range s.made {
		dirs = append(dirs, path.Dir(made))
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}
