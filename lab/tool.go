package lab

import (
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

// tools is the programs that the lab's executable is itself, when it is called by their name: a host's /usr/local/bin
// links to it.
var tools = map[string]func(args []string){
	// etcd is etcd's own main function, of the version in go.mod. It ends the process itself.
	"etcd": etcdmain.Main,
	// etcdutl, of the same version.
	"etcdutl": etcdutlMain,
}

// RunAsTool is for the main function of every executable that is given as Options.Executable, to be called before
// anything else with os.Args: where the first of them names a tool, it runs that and returns true when the tool has
// ended. A test binary calls it in TestMain.
func RunAsTool(args []string) bool {
	if len(args) == 0 {
		return false
	}
	run, ok := tools[filepath.Base(args[0])]
	if ok {
		run(args)
	}
	return ok
}
