// Command web is what end-to-end tests run in pods. Without words it is a server on :8080; with them it is what a test
// would otherwise need a shell and tools for, in an image that has none:
//
//	web                   /             greets with the pod's name and the client's address
//	                      /slow?for=5s  answers a line at once, and the last one after that time
//	web get URL           prints what is answered; exit code 1 unless that is 200
//	web dns NAME          prints the addresses of a name, one a line
//	web cat FILE          prints a file
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// getTimeout bounds connecting and the answer's header; a slow body may take its time.
const getTimeout = 5 * time.Second

var commands = map[string]func(string) error{"get": get, "dns": dns, "cat": cat}

func main() {
	err := fmt.Errorf("usage: web [get URL | dns NAME | cat FILE]")
	if len(os.Args) == 1 {
		err = serve()
	} else if command := commands[os.Args[1]]; command != nil && len(os.Args) == 3 {
		err = command(os.Args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "web:", err)
		os.Exit(1)
	}
}

func get(url string) error {
	client := http.Client{Transport: &http.Transport{
		DialContext:           (&net.Dialer{Timeout: getTimeout}).DialContext,
		ResponseHeaderTimeout: getTimeout,
	}}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, answer.Status)
	}
	return nil
}

func dns(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), getTimeout)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, name)
	for _, a := range addresses {
		fmt.Println(a)
	}
	return err
}

func cat(path string) error {
	data, err := os.ReadFile(path)
	_, _ = os.Stdout.Write(data)
	return err
}
