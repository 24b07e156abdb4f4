package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts under testdata run the real program: TestMain makes this test binary be hardway when it is called so.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"hardway": func() {
			os.Exit(Run(context.Background(), os.Args, Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.LookupEnv))
		},
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":    exits,
			"snapshot": snapshot,
			"same":     same,
			"mirror":   mirror,
		},
	})
}

// exits runs a command and holds its exit code: `exits 2 hardway pki`.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("exit %s, want %s", code, args[0])
	}
}

// snapshot remembers everything below a directory: names, modes, contents.
func snapshot(ts *testscript.TestScript, neg bool, args []string) {
	ts.Setenv("SNAPSHOT_"+args[0], digest(ts, ts.MkAbs(args[0])))
}

// same holds that a directory is what it was at its snapshot.
func same(ts *testscript.TestScript, neg bool, args []string) {
	now := digest(ts, ts.MkAbs(args[0]))
	if (now == ts.Getenv("SNAPSHOT_"+args[0])) == neg {
		ts.Fatalf("%s changed: %v, want %v", args[0], !neg, neg)
	}
}

func digest(ts *testscript.TestScript, dir string) string {
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s %v\n", path, info.Mode())
		if d.Type().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			h.Write(data)
		}
		return nil
	})
	ts.Check(err)
	return fmt.Sprintf("%x", h.Sum(nil))
}

// mirror serves a directory as what MIRROR names from there on, and is a proxy that has everything in it.
func mirror(ts *testscript.TestScript, neg bool, args []string) {
	server := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[0]))))
	ts.Defer(server.Close)
	ts.Setenv("MIRROR", server.URL)
}
