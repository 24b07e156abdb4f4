package controlplane

import (
	"io/fs"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/kubeconfig"
)

// Certificates gives the PKI files of a node for a component; a pki.Store does.
type Certificates interface {
	Files(node cluster.Node, component string) ([]artifact.File, error)
}

// Files is everything a master holds besides etcd, the binaries excepted. It is empty for a node that is none.
func Files(spec *cluster.Spec, node cluster.Node, certificates Certificates, encryption Encryption) ([]artifact.File, error) {
	if !isMaster(node) {
		return nil, nil
	}
	if _, err := minor(spec); err != nil {
		return nil, err
	}
	files, err := certificates.Files(node, component)
	if err != nil {
		return nil, err
	}
	configs, err := configs(spec, node)
	if err != nil {
		return nil, err
	}
	files = append(append(files, directories()...), configs...)
	files = append(files, encryption.file())
	units, err := units(spec, node, files)
	if err != nil {
		return nil, err
	}
	return append(files, units...), nil
}

// Reads is who reads what on a master, besides etcd. It is empty for a node that is none.
func Reads(spec *cluster.Spec, node cluster.Node) []artifact.Read {
	if !isMaster(node) {
		return nil
	}
	rows := reads(APIServerUnit, apiserverSettings(spec, node))
	rows = append(rows, reads(ControllerManagerUnit, controllerManagerSettings(spec, node), referred(spec, controllerManager)...)...)
	return append(rows, reads(SchedulerUnit, schedulerSettings(node),
		append([]artifact.Read{{Path: kubeconfig.HostPath(schedulerUser), Use: artifact.Configures, Effect: artifact.Restart}},
			referred(spec, schedulerUser)...)...)...)
}

// referred is what a component reads because its kubeconfig names it.
func referred(spec *cluster.Spec, user string) []artifact.Read {
	files := kubeconfig.HostFiles(user)
	return []artifact.Read{
		{Path: files.CA, Use: artifact.VerifiesServers, Peer: APIServerUnit, Effect: clientCA(spec)},
		{Path: files.Certificate, Use: artifact.PresentsAsClient, Peer: APIServerUnit, Effect: artifact.HotAfterPoll},
		{Path: files.Key, Use: artifact.PresentsAsClient, Peer: APIServerUnit, Effect: artifact.HotAfterPoll},
	}
}

func directories() []artifact.File {
	return []artifact.File{
		{Path: configDir, Mode: fs.ModeDir | 0o755, Component: component},
		{Path: auditDir, Mode: fs.ModeDir | 0o700, Component: component},
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
	return out, nil
}
