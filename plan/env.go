package plan

import (
	"context"
	"io"
	"sync"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/etcd"
	"hardway/pki"
	"hardway/remote"
	"hardway/rollout"
)

// Env is what steps run on. The list of steps is made with an Env whose Spec is not read yet, so that help needs no
// cluster.yaml; running a step needs all of it.
type Env struct {
	Work *artifact.WorkDir
	Spec *cluster.Spec
	// Dial opens a connection to a host.
	Dial func(context.Context, cluster.Node) (Conn, error)
	// Now is the clock that certificates are judged by and made with.
	Now func() time.Time
	// Rand is where secrets come from.
	Rand io.Reader
	// Operator is whom hosts are told of: who changed them, and from where.
	Operator rollout.Operator
	// LockStale is how long a lock on a host may go without being renewed until its holder is taken for dead.
	LockStale time.Duration
	// Only limits steps that act on hosts to these; empty is all.
	Only []string
	// Waive names checks that are waived besides those of the spec.
	Waive []string
	// Progress is told what is going on; it may be called from several goroutines.
	Progress func(Event)

	pool  pool
	looks looks
	held  int
	// step is the name of the step that is executed now.
	step string
	// run is the step that is executed now, as it is written down on hosts.
	run rollout.Run
	// locks is those of this process on hosts.
	locks    *rollout.Locks
	etcdLock *etcd.Lock
}

// Conn is an open connection to a host.
type Conn interface {
	remote.Changer
	io.Closer
	// Done is closed when the connection has ended.
	Done() <-chan struct{}
}

func (e *Env) store() *pki.Store { return pki.Open(e.Work, e.Spec) }

// nodes is the hosts of the spec that the run is limited to.
func (e *Env) nodes() ([]cluster.Node, error) { return e.Spec.Only(e.Only) }

// hold takes the work directory; `up` holds it around steps that hold it too.
func (e *Env) hold() (release func(), err error) {
	if e.held++; e.held > 1 {
		return func() { e.held-- }, nil
	}
	unlock, err := e.Work.Lock()
	if err != nil {
		e.held--
		return nil, err
	}
	return func() { e.held--; _ = unlock() }, nil
}

// pool keeps one line to each host for the whole run.
type pool struct {
	mu    sync.Mutex
	lines map[string]*line
}

// connect is the run's connection to a host; hosts are dialled side by side. One that is lost is dialled again when it is
// used next.
func (e *Env) connect(ctx context.Context, node cluster.Node) (Conn, error) {
	e.pool.mu.Lock()
	if e.pool.lines == nil {
		e.pool.lines = map[string]*line{}
	}
	l := e.pool.lines[node.Name]
	if l == nil {
		l = newLine(node.Name, func(ctx context.Context) (Conn, error) { return e.dialFor(ctx, node) })
		e.pool.lines[node.Name] = l
	}
	e.pool.mu.Unlock()
	if _, err := l.open(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// dialFor opens a connection that outlives the context it was dialled with, until Close: an interrupted run still has to
// put back what it began.
func (e *Env) dialFor(ctx context.Context, node cluster.Node) (Conn, error) {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, end)
	conn, err := e.Dial(life, node)
	if err != nil || !stop() {
		end()
	}
	return conn, err
}

// Close ends every connection.
func (e *Env) Close() {
	e.pool.mu.Lock()
	defer e.pool.mu.Unlock()
	for _, l := range e.pool.lines {
		_ = l.Close()
	}
}
