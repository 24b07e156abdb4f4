package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/remote"
	"hardway/test/sshd"
)

// What is copied: as many files as a master's certificates and keys, each as large as a kubeconfig.
const (
	copiedFiles = 20
	copiedSize  = 2 << 10
)

// copying is an OpenSSH server and the files that go to it.
type copying struct {
	server *sshd.Server
	// files stand on this side, in a directory of their own; owner is whom they belong to on the other.
	files []string
	owner string
}

// copies is B3: files to one OpenSSH host.
func copies(ctx context.Context, b *bench) ([]row, error) {
	c, err := newCopying(b)
	if err != nil {
		return nil, err
	}
	defer c.server.Close()
	return b.race(ctx,
		[]contestant{
			{name: "stage and commit", run: c.landed(c.deliver)},
			{name: "one scp", run: c.landed(c.scp)},
			{name: "an scp per file", most: 5, run: c.landed(c.scpEach)},
			{name: "ansible copy", most: 2, run: c.landed(c.ansible)},
		},
		[]matchup{
			{"B3 20 files to one host, durable : one scp", "stage and commit", "one scp", atLeast(1.8)},
			{"B3 20 files to one host, durable : an scp per file", "stage and commit", "an scp per file", atLeast(30)},
			{"B3 20 files to one host, durable : ansible copy", "stage and commit", "ansible copy", atLeast(100)},
		})
}

func newCopying(b *bench) (*copying, error) {
	dir := filepath.Join(b.dir, "copy")
	for _, sub := range []string{"sshd", "files"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	c := &copying{}
	for i := range copiedFiles {
		data := make([]byte, copiedSize)
		_, _ = rand.Read(data)
		file := filepath.Join(dir, "files", fmt.Sprintf("file%02d", i+1))
		if err := os.WriteFile(file, data, 0o600); err != nil {
			return nil, err
		}
		c.files = append(c.files, file)
	}
	var err error
	if c.owner, err = owner(); err != nil {
		return nil, err
	}
	c.server, err = sshd.Open(filepath.Join(dir, "sshd"), hostOptions())
	return c, err
}

// owner is who runs this: only root may give files to somebody else.
func owner() (string, error) {
	who, err := user.Current()
	if err != nil {
		return "", err
	}
	group, err := user.LookupGroupId(who.Gid)
	if err != nil {
		return "", err
	}
	return who.Username + ":" + group.Name, nil
}

// landed makes sure that a way of copying has brought every file over.
func (c *copying) landed(run func(context.Context, string) (time.Duration, error)) func(context.Context, string) (time.Duration, error) {
	return func(ctx context.Context, dir string) (time.Duration, error) {
		took, err := run(ctx, dir)
		for _, file := range c.files {
			if err != nil {
				return 0, err
			}
			err = sameContent(file, filepath.Join(dir, filepath.Base(file)))
		}
		return took, err
	}
}

func sameContent(a, b string) error {
	sumA, errA := artifact.FromFile(a).SHA256()
	sumB, errB := artifact.FromFile(b).SHA256()
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if sumA != sumB {
		return fmt.Errorf("%s is not what %s is", b, a)
	}
	return nil
}

// deliver is ours.
func (c *copying) deliver(ctx context.Context, dir string) (time.Duration, error) {
	began := time.Now()
	var files []artifact.File
	for _, file := range c.files {
		files = append(files, artifact.File{Path: filepath.Join(dir, filepath.Base(file)), Mode: 0o600, Owner: c.owner, Content: artifact.FromFile(file)})
	}
	dialer := remote.NewDialer(remote.Options{SSH: func(cluster.Node) cluster.SSH { return c.server.SSH() }, KnownHosts: c.server.KnownHosts})
	client, err := dialer.Dial(ctx, c.server.Node("host"))
	if err != nil {
		return 0, err
	}
	staged, err := client.Stage(ctx, files)
	if err == nil {
		err = staged.Commit(ctx)
	}
	err = errors.Join(err, client.Close())
	return time.Since(began), err
}

// ssh is the options that OpenSSH's clients need to be as strict as ours, without anything from the person's own files.
func (c *copying) ssh() []string {
	return []string{
		"-F", "none", "-i", c.server.IdentityFile, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
		"-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=" + c.server.KnownHosts, "-o", "GlobalKnownHostsFile=none",
	}
}

func (c *copying) scp(ctx context.Context, dir string) (time.Duration, error) {
	return c.scpFiles(ctx, dir, c.files...)
}

func (c *copying) scpFiles(ctx context.Context, dir string, files ...string) (time.Duration, error) {
	args := append(c.ssh(), "-q", "-P", strconv.Itoa(c.server.Port))
	args = append(append(args, files...), fmt.Sprintf("%s@%s:%s/", c.server.User, c.server.Address, dir))
	return timed(ctx, "", nil, "scp", args...)
}

func (c *copying) scpEach(ctx context.Context, dir string) (time.Duration, error) {
	var total time.Duration
	for _, file := range c.files {
		took, err := c.scpFiles(ctx, dir, file)
		if err != nil {
			return 0, err
		}
		total += took
	}
	return total, nil
}
