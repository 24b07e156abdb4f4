package crash

import (
	"fmt"
	"strings"
	"testing"
)

// A reset that is crashed is finished by the next one: what is known of a host goes last.
func TestCrashedReset(t *testing.T) {
	at := &copies{stages: set(t, computing(), func(r *running) error { return r.do(append(render, "distribute")...) })}
	scene{command: "reset --yes", state: "of what was distributed", place: at, sample: 41, also: bare}.run(t)
}

// bare: nothing of hardway's is left.
func bare(r *running) error {
	after, err := r.look()
	if err != nil {
		return err
	}
	for host, t := range after {
		for path := range t {
			if strings.HasPrefix(path, "var/lib/hardway") || strings.HasPrefix(path, "etc/etcd") || strings.HasPrefix(path, "etc/kubernetes") || strings.HasPrefix(path, "etc/sysusers.d") {
				return fmt.Errorf("%s: %s is left", host, path)
			}
		}
	}
	return nil
}
