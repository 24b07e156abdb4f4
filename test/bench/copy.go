package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
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
	if err := os.MkdirAll(filepath.Join(dir, "sshd"), 0o700); err != nil {
		return nil, err
	}
	c := &copying{}
	var err error
	if c.files, err = makeFiles(filepath.Join(dir, "files"), copiedFiles, copiedSize); err != nil {
		return nil, err
	}
	if c.owner, err = owner(); err != nil {
		return nil, err
	}
	c.server, err = sshd.Open(filepath.Join(dir, "sshd"), hostOptions())
	return c, err
}

// makeFiles writes so many files of random bytes, and gives their paths.
func makeFiles(dir string, n int, size int64) ([]string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var files []string
	for i := range n {
		file := filepath.Join(dir, fmt.Sprintf("file%02d", i+1))
		if err := makeFile(file, size); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// makeFile holds no more than a piece of it in memory: what this process holds is counted as its children's.
func makeFile(file string, size int64) error {
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyN(out, rand.Reader, size)
	return errors.Join(err, out.Close())
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

func (c *copying) ansible(ctx context.Context, dir string) (time.Duration, error) {
	return play{files: c.files, servers: []*sshd.Server{c.server}, landing: func(int) string { return dir }}.run(ctx)
}

func (c *copying) scp(ctx context.Context, dir string) (time.Duration, error) {
	return scpTo(ctx, c.server, dir, c.files...)
}

func (c *copying) scpEach(ctx context.Context, dir string) (time.Duration, error) {
	var total time.Duration
	for _, file := range c.files {
		took, err := scpTo(ctx, c.server, dir, file)
		if err != nil {
			return 0, err
		}
		total += took
	}
	return total, nil
}

// sshOptions is what OpenSSH's clients need to be as strict as ours, without anything from the person's own files.
func sshOptions(s *sshd.Server) []string {
	return []string{
		"-F", "none", "-i", s.IdentityFile, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
		"-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=" + s.KnownHosts, "-o", "GlobalKnownHostsFile=none",
	}
}

func scpTo(ctx context.Context, s *sshd.Server, dir string, files ...string) (time.Duration, error) {
	args := append(sshOptions(s), "-q", "-P", strconv.Itoa(s.Port))
	args = append(append(args, files...), fmt.Sprintf("%s@%s:%s/", s.User, s.Address, dir))
	return timed(ctx, "", nil, "scp", args...)
}
