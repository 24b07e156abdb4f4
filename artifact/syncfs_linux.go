package artifact

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// wholeSyncs is the file systems on which syncfs(2) is as good as fsync(2) of every file: it waits for data, journal and
// disk. One on the network or in user space may only pass the word on.
var wholeSyncs = []int64{unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC}

// syncsTogether reports whether everything below dir can be made durable by one call that says when it failed, as Linux
// does since 5.8.
func syncsTogether(dir string) bool {
	var fs unix.Statfs_t
	var name unix.Utsname
	if errors.Join(unix.Statfs(dir, &fs), unix.Uname(&name)) != nil {
		return false
	}
	var major, minor int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &major, &minor); err != nil {
		return false
	}
	return slices.Contains(wholeSyncs, int64(fs.Type)) && (major > 5 || major == 5 && minor >= 8) //nolint:unconvert // int32 on some machines
}

// syncTogether makes everything on the file system that holds dir durable.
func syncTogether(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := unix.Syncfs(int(d.Fd())); err != nil {
		return fmt.Errorf("failed to sync the file system of %s: %w", dir, err)
	}
	return nil
}
