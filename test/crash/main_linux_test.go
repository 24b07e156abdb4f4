package crash

import (
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"hardway/lab"
)

// every asks for every point; a sample of them is what `go test ./...` has time for. Some points are tried again with from and
// to.
var (
	every = flag.Bool("every", false, "crash at every point, not at a sample of them")
	from  = flag.Int("from", 1, "the first point to crash at")
	to    = flag.Int("to", math.MaxInt, "the last point to crash at")
)

// hardwayBinary is the program under test, watchedBinary what lets its tracer in; both built once from this checkout.
var hardwayBinary, watchedBinary string

// scratch is where everything happens: in memory where there is room, since each point of a sweep syncs some hundred
// files, and a disk would take most of the time.
var scratch string

func TestMain(m *testing.M) {
	if lab.RunAsTool(os.Args) {
		return
	}
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	base := "/dev/shm"
	if _, err := os.Stat(base); err != nil {
		base = ""
	}
	var err error
	if scratch, err = os.MkdirTemp(base, "hardway-crash"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	hardwayBinary, watchedBinary = filepath.Join(scratch, "hardway"), filepath.Join(scratch, "watched")
	for binary, source := range map[string]string{hardwayBinary: "hardway/cmd/hardway", watchedBinary: "hardway/test/crash/watched"} {
		build := exec.Command("go", "build", "-o", binary, source)
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintf(os.Stderr, "failed to build %s: %v\n", source, err)
			return 1
		}
	}
	return m.Run()
}
