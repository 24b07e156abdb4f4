package cis

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	kubeproxyconfig "k8s.io/kube-proxy/config/v1alpha1"
	kubeletconfig "k8s.io/kubelet/config/v1beta1"
)

// Host is what is known of one.
type Host struct {
	// Processes is the arguments of each program that runs there, by its name, as in kube-apiserver.
	Processes map[string]Process
	// Files is every file and directory that a check may ask for, by its path.
	Files map[string]File
	// Kubelet is what the kubelet runs with, and KubeProxy the file that its process was given; nil where none runs.
	Kubelet   *kubeletconfig.KubeletConfiguration
	KubeProxy *kubeproxyconfig.KubeProxyConfiguration
	// Encryption is the provider that new Secrets are written with: the first of the API server's configuration.
	Encryption string
}

// Process is how a program was started.
type Process struct {
	// Unit is the path of its systemd unit.
	Unit string
	// Flags is its arguments by name, without dashes.
	Flags map[string]string
}

// File is who may do what with one.
type File struct {
	Mode fs.FileMode
	// Owner is user:group by name.
	Owner string
}

// Flags takes a command line apart: every --name=value of it.
func Flags(line []string) map[string]string {
	flags := map[string]string{}
	for _, word := range line {
		if name, ok := strings.CutPrefix(word, "--"); ok {
			name, value, _ := strings.Cut(name, "=")
			flags[name] = value
		}
	}
	return flags
}

// below is the files in a directory and under it whose names have one of the endings, in order; all of them without any.
func (h Host) below(dir string, endings ...string) []string {
	var found []string
	for file := range h.Files {
		if strings.HasPrefix(file, dir+"/") && (len(endings) == 0 || slices.Contains(endings, path.Ext(file))) {
			found = append(found, file)
		}
	}
	slices.Sort(found)
	return found
}

// flag is a flag's value as paths, the way programs take more than one.
func (h Host) flag(program, name string) []string {
	value := h.Processes[program].Flags[name]
	if value == "" {
		return nil
	}
	return strings.Split(value, ",")
}
