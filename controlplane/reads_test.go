package controlplane

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"hardway/artifact"
)

// hostPath is a path on the host inside a unit, a flag or a configuration.
var hostPath = regexp.MustCompile(`/(?:etc|var|run|usr/local/bin)/[A-Za-z0-9._/-]+`)

// written is what components write; nothing is delivered there but the directory.
var written = []string{auditLogPath, flexVolumeDir}

func TestEveryPathInAFlagOrConfigIsARead(t *testing.T) {
	m := newMaster(t).withPrograms(t)
	for _, v := range versions() {
		for _, signs := range []bool{true, false} {
			m.spec.Kubernetes.Version, m.spec.PKI.SignOnMasters = v, &signs
			files := m.files(t)
			for _, unit := range []string{APIServerUnit, ControllerManagerUnit, SchedulerUnit} {
				named := reachable(t, files, artifact.UnitDir+"/"+unit)
				var read []string
				for _, r := range Reads(m.spec, m.node) {
					if r.Unit == unit && !slices.Contains(read, r.Path) {
						read = append(read, r.Path)
					}
				}
				slices.Sort(read)
				if !slices.Equal(named, read) {
					t.Errorf("%s, signing %v: %s names\n%s\nand its reads are\n%s", v, signs, unit, strings.Join(named, "\n"), strings.Join(read, "\n"))
				}
			}
		}
	}
}

// reachable is every path that a file names, and that the configurations it names do.
func reachable(t *testing.T, files []artifact.File, path string) []string {
	t.Helper()
	var out []string
	for queue := []string{path}; len(queue) > 0; queue = queue[1:] {
		f := at(t, files, queue[0])
		if f.Secret || f.Mode.Perm() != 0o600 {
			continue
		}
		for _, named := range hostPath.FindAllString(content(t, f), -1) {
			if !slices.Contains(out, named) && !slices.Contains(written, named) {
				out, queue = append(out, named), append(queue, named)
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestEveryReadIsDelivered(t *testing.T) {
	m := newMaster(t).withPrograms(t)
	files := m.files(t)
	for _, r := range Reads(m.spec, m.node) {
		if f := at(t, files, r.Path); f.IsDir() {
			t.Errorf("%s reads the directory %s", r.Unit, r.Path)
		}
		if r.Unit == "" || r.Use == "" || r.Effect == "" || r.Peer == "" && r.Use != artifact.Configures {
			t.Errorf("half a row: %+v", r)
		}
	}
}

func TestEverythingDeliveredIsRead(t *testing.T) {
	m := newMaster(t).withPrograms(t)
	for _, f := range m.files(t) {
		_, unit := artifact.UnitOf(f.Path)
		// What the API server's unit wants restarts with it: its digest is an input of that one.
		if f.IsDir() || unit || f.Path == lostLeaderPath || f.Path == lostLeaderScript {
			continue
		}
		if !slices.ContainsFunc(Reads(m.spec, m.node), func(r artifact.Read) bool { return r.Path == f.Path }) {
			t.Errorf("%s is delivered and nothing reads it", f.Path)
		}
	}
}

func TestSignerIsNeverABundleAndNothingElseReadsOne(t *testing.T) {
	m := newMaster(t)
	for _, r := range Reads(m.spec, m.node) {
		signer := strings.HasPrefix(r.Path, "/etc/kubernetes/pki/ca.")
		if signer != (r.Unit == ControllerManagerUnit && r.Use == artifact.SignsWith && !strings.Contains(r.Path, "/sa.")) {
			t.Errorf("%+v", r)
		}
		if verifies := strings.HasPrefix(string(r.Use), "verifies-") && r.Use != artifact.VerifiesTokens; verifies && !strings.HasSuffix(r.Path, "-bundle.crt") {
			t.Errorf("verifies by something else than a bundle: %+v", r)
		}
	}
}

func TestEffectsFollowTheVersion(t *testing.T) {
	want := map[string]artifact.Effect{
		"v1.34.0": artifact.Restart, "v1.35.4": artifact.Restart, "v1.36.3": artifact.HotAfterPoll, "v1.37.2": artifact.HotAfterPoll,
	}
	m := newMaster(t)
	for v, effect := range want {
		m.spec.Kubernetes.Version = v
		for _, peer := range []struct{ unit, peer string }{{APIServerUnit, kubeletUnit}, {SchedulerUnit, APIServerUnit}} {
			for _, r := range Reads(m.spec, m.node) {
				if r.Unit == peer.unit && r.Peer == peer.peer && r.Use == artifact.VerifiesServers && r.Effect != effect {
					t.Errorf("%s: %+v, want %s", v, r, effect)
				}
			}
		}
	}
}

func TestOtherNodesHaveNothing(t *testing.T) {
	m := newMaster(t)
	for _, name := range []string{"haproxy1", "kworker1"} {
		node, _ := m.spec.Node(name)
		files, err := Files(m.spec, node, m.store, m.encryption)
		if err != nil || len(files) > 0 || len(Reads(m.spec, node)) > 0 {
			t.Errorf("%s: %d files, %d reads, error %v", name, len(files), len(Reads(m.spec, node)), err)
		}
	}
}
