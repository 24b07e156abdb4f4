package plan

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	certificates "k8s.io/api/certificates/v1"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/kubeconfig"
	"hardway/manifests"
	"hardway/remote"
	"hardway/rollout"
	"hardway/worker"
)

// guests is the kubelets that this run has given a token.
type guests struct {
	env    *Env
	mu     sync.Mutex
	tokens map[string]manifests.Token
	// off takes a token off a host, revoke from API servers.
	off    func(ctx context.Context, host string) error
	revoke func(ctx context.Context, token manifests.Token) error
}

func newGuests(e *Env) *guests {
	g := &guests{env: e, tokens: map[string]manifests.Token{}}
	g.off, g.revoke = g.takeOff, g.forget
	return g
}

// tokenLasts is how long a token stands beyond the time that a kubelet has to join, for one whose run was killed.
const tokenLasts = 5 * time.Minute

// invite makes a token for the host's kubelet and puts it where that looks for it. What lets it ask stands first.
func (g *guests) invite(ctx context.Context, _ rollout.Move, host string) error {
	client, unready := g.env.apiServer(ctx)
	if client == nil {
		return unready
	}
	allowed, err := manifests.Bootstrap(g.env.Spec)
	if err != nil {
		return err
	}
	if err := bring(ctx, client, allowed); err != nil {
		return err
	}
	token, err := manifests.NewToken(g.env.Rand, host, g.env.Now().Add(g.env.Spec.Rollout.GateTimeout.Duration+tokenLasts))
	if err != nil {
		return err
	}
	// Also where no answer comes it may have been made.
	g.mu.Lock()
	g.tokens[host] = token
	g.mu.Unlock()
	if err := client.Do(ctx, token.Made()); err != nil {
		return err
	}
	return g.deliver(ctx, host, token)
}

// bring applies what of the objects is not as it should be.
func bring(ctx context.Context, client *manifests.Client, objects []manifests.Object) error {
	for _, o := range objects {
		change, err := client.Compare(ctx, o)
		if err == nil && change != nil {
			err = client.Do(ctx, *change)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *guests) deliver(ctx context.Context, host string, token manifests.Token) error {
	file, err := kubeconfig.WithToken(g.env.Spec, token.Bearer)
	if err != nil {
		return err
	}
	conn, err := g.connect(ctx, host)
	if err != nil {
		return err
	}
	staged, err := conn.Stage(ctx, []artifact.File{file})
	if err != nil {
		return err
	}
	return staged.Commit(ctx)
}

func (g *guests) connect(ctx context.Context, host string) (Conn, error) {
	node, _ := g.env.Spec.Node(host)
	return g.env.connect(ctx, node)
}

// admit takes the token away, for the kubelet has its certificate by now, and approves the requests of the host that hold
// against the spec until its kubelet serves.
func (g *guests) admit(ctx context.Context, _ rollout.Move, host string) error {
	if err := g.takeBack(ctx, host); err != nil {
		return err
	}
	node, _ := g.env.Spec.Node(host)
	ctx, cancel := context.WithTimeout(ctx, g.env.Spec.Rollout.GateTimeout.Duration)
	defer cancel()
	for {
		against, err := g.approve(ctx, host)
		serves := g.env.kubeletServes(ctx, node)
		if serves == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return unserved(host, serves, against, err)
		case <-time.After(time.Second):
		}
	}
}

// approve lets everything be signed that the host's kubelet asks for and may serve as; against is what speaks against the rest.
func (g *guests) approve(ctx context.Context, host string) (against []string, err error) {
	client, unready := g.env.apiServer(ctx)
	if client == nil {
		return nil, unready
	}
	requests, err := client.Requests(ctx, certificates.KubeletServingSignerName)
	if err != nil {
		return nil, err
	}
	for i := range requests {
		r := &requests[i]
		if !worker.IsServingRequest(r) || worker.RequestNode(r) != host {
			continue
		}
		if why := worker.Judge(g.env.Spec, r); len(why) > 0 {
			against = append(against, r.Name+": "+strings.Join(why, "; "))
			continue
		}
		if err := client.Approve(ctx, *r, approved); err != nil {
			return against, err
		}
	}
	return against, nil
}

// approved is what stands with a request that was.
const approved = "its names and addresses are the node's in cluster.yaml"

func unserved(host string, serves error, against []string, asking error) error {
	message := serves.Error()
	if len(against) > 0 {
		message = "its request for a serving certificate is refused: " + strings.Join(against, ", ")
	}
	return errors.Join(cluster.Problems{{
		Host: host, Subject: worker.KubeletUnit, Message: message,
		Hint: fmt.Sprintf("see `hardway pki approve --dry-run`, and ssh %s journalctl -u %s -n 50", host, worker.KubeletUnit),
	}}, asking)
}

// takeBack takes the token off the host, also one of another run, and has API servers forget this run's: whichever of them
// does not answer, a token is worth nothing without the other.
func (g *guests) takeBack(ctx context.Context, host string) error {
	g.mu.Lock()
	token, given := g.tokens[host]
	g.mu.Unlock()
	err := g.off(ctx, host)
	if !given {
		return err
	}
	if revoked := g.revoke(ctx, token); revoked != nil {
		return errors.Join(err, revoked)
	}
	g.mu.Lock()
	delete(g.tokens, host)
	g.mu.Unlock()
	return err
}

func (g *guests) takeOff(ctx context.Context, host string) error {
	conn, err := g.connect(ctx, host)
	if err != nil {
		return err
	}
	return conn.Do(ctx, remote.Remove(kubeconfig.BootstrapPath))
}

func (g *guests) forget(ctx context.Context, token manifests.Token) error {
	client, unready := g.env.apiServer(ctx)
	if client == nil {
		return unready
	}
	return client.Do(ctx, token.Taken())
}

// leave takes back what tokens are still out when the run has ended, however it has. One that cannot be taken back says so,
// and expires in minutes.
func (g *guests) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	for host := range g.tokens {
		if err := g.takeBack(ctx, host); err != nil {
			g.env.tell("admit", host, fmt.Sprintf("the token of its kubelet could not be taken back, and expires in minutes: %v", err))
		}
	}
}
