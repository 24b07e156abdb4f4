package machine

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// watchesEach is the inotify instances that a machine takes when everything runs on it, about: 5 of systemd, 12 of a kubelet,
// 5 of an API server.
const watchesEach = 20

// sayWatches tells where a kubelet could find none left: it does not start then, and only its log says why. The limit is of
// the kernel that all machines and all labs share, and not for a lab to change.
func sayWatches(o Options) {
	data, err := os.ReadFile("/proc/sys/fs/inotify/max_user_instances")
	if err != nil {
		return
	}
	limit, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if want := watchesEach * len(o.Hosts); err == nil && limit < 2*want {
		fmt.Fprintf(o.Progress, "%d machines take up to %d of the %d inotify instances that this machine has for all: where kubelets say \"too many open files\", "+
			"take other labs down, or raise fs.inotify.max_user_instances\n", len(o.Hosts), want, limit)
	}
}
