package controlplane

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"hardway/artifact"
	"hardway/binaries"
	"hardway/cluster"
	"hardway/kubeconfig"
	"hardway/pki"
)

// Files is everything a master holds besides etcd, sorted by path; nothing for a node that is none. The same spec and
// work directory give the same bytes. An error names what is missing in the work directory and what makes it.
func Files(spec *cluster.Spec, node cluster.Node, store *pki.Store, encryption Encryption) ([]artifact.File, error) {
	if !isMaster(node) {
		return nil, nil
	}
	if err := supported(spec); err != nil {
		return nil, err
	}
	files, err := ground(spec, node, store)
	if err != nil {
		return nil, err
	}
	configs, err := configs(spec, node)
	if err != nil {
		return nil, err
	}
	files = slices.Concat(files, directories(), configs, []artifact.File{encryption.file()})
	units, err := units(spec, node, files)
	if err != nil {
		return nil, err
	}
	files = append(files, units...)
	slices.SortFunc(files, func(a, b artifact.File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

// ground is what comes from the work directory: certificates and executables.
func ground(spec *cluster.Spec, node cluster.Node, store *pki.Store) ([]artifact.File, error) {
	files, err := store.Files(node, Component)
	if err != nil {
		return nil, err
	}
	executables, err := binaries.Files(store.WorkDir(), spec, Component, Binaries()...)
	if err != nil {
		return nil, err
	}
	return append(files, executables...), nil
}

// Reads is who reads what on a master, besides etcd. It is empty for a node that is none.
func Reads(spec *cluster.Spec, node cluster.Node) []artifact.Read {
	if !isMaster(node) {
		return nil
	}
	rows := reads(APIServerUnit, apiserverSettings(spec, node), program(APIServerUnit))
	rows = append(rows, reads(ControllerManagerUnit, controllerManagerSettings(spec, node),
		append(kubeconfig.Reads(spec, controllerManager), program(ControllerManagerUnit))...)...)
	return append(rows, reads(SchedulerUnit, schedulerSettings(node),
		append([]artifact.Read{program(SchedulerUnit)}, kubeconfig.Reads(spec, schedulerUser)...)...)...)
}

// program is the executable of a unit, which is another only after a restart.
func program(unit string) artifact.Read {
	return artifact.Read{Path: programOf(unit), Use: artifact.Configures, Effect: artifact.Restart}
}

func directories() []artifact.File {
	return []artifact.File{
		{Path: path.Dir(auditDir), Mode: fs.ModeDir | 0o755, Component: Component},
		{Path: auditDir, Mode: fs.ModeDir | 0o700, Component: Component},
	}
}

func configs(spec *cluster.Spec, node cluster.Node) ([]artifact.File, error) {
	var out []artifact.File
	for _, make := range []func() (artifact.File, error){
		authenticationConfig, auditPolicy, schedulerConfig,
		func() (artifact.File, error) { return kubeconfig.OnHost(spec, node, controllerManager) },
		func() (artifact.File, error) { return kubeconfig.OnHost(spec, node, schedulerUser) },
	} {
		f, err := make()
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return append(out, lostLeaderFiles(spec)...), nil
}
