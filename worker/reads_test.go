package worker

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/kubeconfig"
	"hardway/pki"
)

// hostPath is a path on the host inside a flag, a configuration or the script.
var hostPath = regexp.MustCompile(`/(?:etc|var|run|usr/local)/[A-Za-z0-9._*/-]+`)

// unread is paths that are named and that hardway delivers nothing to: what units write, what another program keeps, and
// where a host's own additions stand, which are nobody's to restart for.
var unread = []string{
	"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf", "/run/hardway", resolverPath,
	containerdSocket, containerdDropIns, registriesDir, KubeletDropInDir, flexVolumeDir, kubeconfig.BootstrapPath,
}

// kubelets is what a kubelet that asks for its certificates keeps: it names the directory alone, and the client's in its
// kubeconfig.
var kubelets = []string{kubeconfig.KubeletClientPair, kubeconfig.KubeletServingPair}

// folders is the files that stand for a directory that is named: containerd reads whatever is in it.
var folders = map[string][]string{cniDir: {BridgePath}, kubeconfig.KubeletCertDir: kubelets}

func TestEveryPathInAFlagOrConfigIsARead(t *testing.T) {
	for name, edits := range map[string][]func(*cluster.Spec){
		"as it comes": nil, "two families": {dual}, "another network": {otherNetwork}, "pods on masters": {onMasters}, "before 1.36": {running("v1.35.4")},
		"asking": {asking},
	} {
		r := newRig(t, edits...)
		for _, host := range []string{"kmaster1", "kworker1"} {
			files := r.files(t, host)
			for _, unit := range unitsOf(files) {
				named := reachable(t, files, unit)
				var read []string
				for _, row := range Reads(r.spec, r.node(t, host)) {
					if row.Unit == unit && !slices.Contains(read, row.Path) {
						read = append(read, row.Path)
					}
				}
				slices.Sort(read)
				if !slices.Equal(named, read) {
					t.Errorf("%s, %s: %s names\n%s\nand its reads are\n%s", name, host, unit, strings.Join(named, "\n"), strings.Join(read, "\n"))
				}
			}
		}
	}
}

func unitsOf(files []artifact.File) []string {
	var units []string
	for _, f := range files {
		if unit, ok := artifact.UnitOf(f.Path); ok {
			units = append(units, unit)
		}
	}
	return units
}

// reachable is every path that a unit names, and that the files it names do. Of containerd's the unit itself is not ours:
// it reads its configuration, whose place is its default.
func reachable(t *testing.T, files []artifact.File, unit string) []string {
	t.Helper()
	var out []string
	add := func(path string) bool {
		fresh := !slices.Contains(out, path) && !slices.Contains(unread, path)
		if fresh {
			out = append(out, path)
		}
		return fresh
	}
	queue := []string{artifact.UnitDir + "/" + unit}
	if unit == ContainerdUnit {
		queue = []string{containerdPath}
		add(containerdPath)
	}
	for ; len(queue) > 0; queue = queue[1:] {
		i := slices.IndexFunc(files, func(f artifact.File) bool { return f.Path == queue[0] })
		if i < 0 || files[i].Secret || strings.HasPrefix(queue[0], pki.KubernetesDir) {
			continue
		}
		for _, named := range hostPath.FindAllString(content(t, files[i]), -1) {
			inside, folder := folders[named]
			if !folder {
				inside = []string{named}
			}
			for _, path := range inside {
				// The script serves hosts with pods and without: what is not delivered is not there.
				there := slices.Contains(kubelets, path) || slices.ContainsFunc(files, func(f artifact.File) bool { return f.Path == path })
				if (there || !folder && path != masqueradePath) && add(path) {
					queue = append(queue, path)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestEveryReadIsDelivered(t *testing.T) {
	for _, r := range []rig{newRig(t, onMasters), newRig(t, onMasters, asking)} {
		everyReadIsDelivered(t, r)
	}
}

func everyReadIsDelivered(t *testing.T, r rig) {
	for _, host := range []string{"kmaster1", "kworker1"} {
		files := r.files(t, host)
		for _, row := range Reads(r.spec, r.node(t, host)) {
			if r.spec.KubeletsAsk() && slices.Contains(kubelets, row.Path) {
				continue
			}
			// A master holds the bundle as a part of its control plane, and this work directory has no executables.
			if row.Path == bundle() && host == "kmaster1" || slices.Contains(Programs(), row.Path) {
				continue
			}
			if f := at(t, files, row.Path); f.IsDir() {
				t.Errorf("%s reads the directory %s", row.Unit, row.Path)
			}
			if row.Unit == "" || row.Use == "" || row.Effect == "" || row.Peer == "" && row.Use != artifact.Configures {
				t.Errorf("half a row: %+v", row)
			}
		}
	}
}

func TestEverythingDeliveredIsRead(t *testing.T) {
	r := newRig(t)
	for _, f := range r.files(t, "kworker1") {
		if _, unit := artifact.UnitOf(f.Path); f.IsDir() || unit {
			continue
		}
		if !slices.ContainsFunc(Reads(r.spec, r.node(t, "kworker1")), func(row artifact.Read) bool { return row.Path == f.Path }) {
			t.Errorf("%s is delivered and nothing reads it", f.Path)
		}
	}
}

func TestWhoHasWhat(t *testing.T) {
	for name, c := range map[string]struct {
		edits []func(*cluster.Spec)
		host  string
		want  string
	}{
		"a worker":                                  {nil, "kworker1", "containerd hardway-pod-routes kube-proxy kubelet"},
		"a worker of another network":               {[]func(*cluster.Spec){otherNetwork}, "kworker1", "containerd kube-proxy kubelet"},
		"a master":                                  {nil, "kmaster1", "hardway-pod-routes"},
		"a master of another network":               {[]func(*cluster.Spec){otherNetwork}, "kmaster1", ""},
		"a master with pods":                        {[]func(*cluster.Spec){onMasters}, "kmaster1", "containerd hardway-pod-routes kube-proxy kubelet"},
		"a master with pods and of another network": {[]func(*cluster.Spec){onMasters, otherNetwork}, "kmaster1", "containerd kube-proxy kubelet"},
		"a balancer":                                {nil, "haproxy1", ""},
	} {
		r := newRig(t, c.edits...)
		units := unitsOf(r.files(t, c.host))
		slices.Sort(units)
		if got := strings.ReplaceAll(strings.Join(units, " "), ".service", ""); got != c.want {
			t.Errorf("%s has %q, want %q", name, got, c.want)
		}
	}
}
