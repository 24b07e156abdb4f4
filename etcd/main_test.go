package etcd

import (
	"os"
	"testing"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

// asEtcd in the environment makes the test's binary be etcd itself: real members, each a process of its own.
const asEtcd = "HARDWAY_TEST_AS_ETCD"

func TestMain(m *testing.M) {
	if os.Getenv(asEtcd) != "" {
		etcdmain.Main(os.Args)
		return
	}
	os.Exit(m.Run())
}
