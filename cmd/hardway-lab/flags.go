package main

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"hardway/lab"
)

// defaultBase is the address of a rehearsal's first master.
const defaultBase = "127.0.0.11"

// upFlags is what up takes.
func upFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "driver", Value: driverLoopback, Usage: "what plays the hosts: loopback (processes on loopback addresses), container (Docker, with the real systemd)"},
		&cli.IntFlag{Name: "hosts", Value: 3, DefaultText: "3, 6 with containers", Usage: "how many: three masters, then a balancer, then workers"},
		&cli.StringFlag{Name: "base", Value: defaultBase, Usage: "loopback: address of the first master; the others follow, the endpoint is the one before"},
		&cli.IntFlag{Name: "port", Value: lab.DefaultPort, Usage: "loopback: where hosts listen for SSH"},
		&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "container: the spec whose hosts to make; they get addresses of the lab's network"},
		&cli.StringFlag{Name: "subnet", DefaultText: "the first free one from 172.31.240.0/24 on", Usage: "container: the lab's network"},
		&cli.StringFlag{Name: "images", Usage: "container: a tar of container images for the machines that run pods"},
		&cli.StringFlag{Name: "cache", Value: defaultCache(), DefaultText: "the user's cache directory", Usage: "container: where the machines' image is kept"},
	}
}

// driverFlags is the flags that one driver alone takes.
var driverFlags = map[string][]string{
	driverLoopback:  {"base", "port"},
	driverContainer: {"file", "subnet", "images", "cache"},
}

// checkDriver refuses a driver that there is not, and flags that are another's.
func checkDriver(ctx *cli.Context) error {
	want := ctx.String("driver")
	if _, known := driverFlags[want]; !known {
		return usagef("--driver: want %s or %s, got %q", driverLoopback, driverContainer, want)
	}
	for name, flags := range driverFlags {
		if i := slices.IndexFunc(flags, ctx.IsSet); i >= 0 && name != want {
			return usagef("--%s is for --driver %s", flags[i], name)
		}
	}
	return nil
}

func defaultCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "hardway-lab")
}
