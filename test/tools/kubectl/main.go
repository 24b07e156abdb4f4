// Command kubectl is kubectl of the Kubernetes version the tests speak of, for machines whose package manager has none or
// an old one.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
)

func main() { os.Exit(cli.Run(cmd.NewDefaultKubectlCommand())) }
