package kubespray

import (
	"fmt"
	"testing"
)

// BenchmarkThousandHosts is an inventory of 1,000 hosts with kubespray's usual groups, from text to spec.
func BenchmarkThousandHosts(b *testing.B) {
	data := "[kube_control_plane]\nm[1:3]\n[etcd:children]\nkube_control_plane\n[kube_node]\n"
	for i := range 1000 {
		data += fmt.Sprintf("n%d ip=10.0.%d.%d ansible_host=192.0.%d.%d\n", i, i/250, i%250+1, i/250, i%250+1)
	}
	for b.Loop() {
		inv, err := parseINI(data, "hosts.ini")
		if err == nil {
			err = inv.complete()
		}
		if err != nil {
			b.Fatal(err)
		}
		if spec, _ := inv.Spec(); len(spec.Hosts) != 1003 {
			b.Fatal(len(spec.Hosts))
		}
	}
}
