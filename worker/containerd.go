package worker

import (
	"bytes"
	_ "embed"
	"fmt"
	"io/fs"
	"text/template"

	"k8s.io/apimachinery/pkg/util/version"

	"hardway/artifact"
	"hardway/cluster"
)

//go:embed containerd.toml.tmpl
var containerdText string

var containerdTemplate = template.Must(template.New("config.toml").Option("missingkey=error").Parse(containerdText))

// containerdConfig follows https://github.com/containerd/containerd/blob/release/1.6/docs/cri/config.md.
func containerdConfig(spec *cluster.Spec) (artifact.File, error) {
	var out bytes.Buffer
	err := containerdTemplate.Execute(&out, struct {
		DropIns, PauseImage, CNIBinDir, CNIDir, Registries string
		SystemdCgroup                                      bool
	}{containerdDropIns, PauseImage(spec), spec.Worker.CNIBinDir, cniDir, registriesDir, spec.Worker.CgroupDriver == "systemd"})
	if err != nil {
		return artifact.File{}, fmt.Errorf("failed to render %s: %w", containerdPath, err)
	}
	return plain(containerdPath, out.Bytes()), nil
}

// pauseVersions is the pause image of each minor version of Kubernetes 1 and those after it: PauseVersion in kubeadm's
// constants.go.
var pauseVersions = []struct {
	minor uint
	tag   string
}{{36, "3.10.2"}, {34, "3.10.1"}}

// PauseImage is the image that holds each pod's network: the spec's, or the one that belongs to the version.
func PauseImage(spec *cluster.Spec) string {
	if spec.Worker.PauseImage != "" {
		return spec.Worker.PauseImage
	}
	last := pauseVersions[len(pauseVersions)-1].tag
	v, err := version.ParseSemantic(spec.Kubernetes.Version)
	for _, p := range pauseVersions {
		if err == nil && v.Minor() >= p.minor {
			last = p.tag
			break
		}
	}
	return "registry.k8s.io/pause:" + last
}

// containerdDropIn carries the hash of what containerd reads only at start; the unit and the program are the package
// manager's.
func containerdDropIn(files []artifact.File, reads []artifact.Read) ([]artifact.File, error) {
	const section = "[Service]\nOOMScoreAdjust=-999\n"
	inputs, err := artifact.Inputs(ContainerdUnit, []byte(section), files, reads)
	if err != nil {
		return nil, fmt.Errorf("failed to hash the inputs of %s: %w", ContainerdUnit, err)
	}
	dir := artifact.UnitDir + "/" + ContainerdUnit + ".d"
	return []artifact.File{
		{Path: dir, Mode: fs.ModeDir | 0o755, Component: Component},
		plain(dir+"/hardway.conf", []byte(section+"Environment="+artifact.InputsVariable+"="+inputs+"\n")),
	}, nil
}

func containerdReads(spec *cluster.Spec) []artifact.Read {
	out := []artifact.Read{{Path: containerdPath, Use: artifact.Configures, Effect: artifact.Restart}}
	if spec.Worker.CNI == "bridge" {
		out = append(out, artifact.Read{Path: BridgePath, Use: artifact.Configures, Effect: artifact.Hot})
	}
	return out
}
