package check

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"hardway/controlplane"
	"hardway/manifests"
	"hardway/remote"
)

const (
	// momentName begins the name of everything that is made for the moment.
	momentName = "hardway-verify-"
	// leftAfter is how long such a thing may stand before whoever made it is taken for dead, wherever it ran.
	leftAfter = 10 * time.Minute
	// sweepLimit bounds taking one off.
	sweepLimit = 10 * time.Second
)

// moment is what is made for the moment: its name, and whom it is made through.
type moment struct {
	*Verification
	api  *api
	name string
}

// Try makes objects in the cluster for a moment, and looks what becomes of them. It comes after Look, and takes them off again
// however it ends.
func (v *Verification) Try(ctx context.Context) {
	m, err := v.begin(ctx)
	if err != nil {
		v.untried(v.unproven("see `"+liveAPI+"`", "not tried: %v", err))
		return
	}
	secrets, pods := []Row(nil), map[string][]Row{}
	var under sync.WaitGroup
	under.Go(func() { secrets = m.secrets(ctx) })
	under.Go(func() { pods = m.tryPods(ctx) })
	under.Wait()
	for name, rows := range pods {
		v.rows[name] = rows
	}
	v.rows[liveSecret] = secrets
	v.blame()
}

// untried says the same of everything that would be tried.
func (v *Verification) untried(rows []Row) {
	for _, c := range LiveChecks() {
		if c.ask == nil && v.wants(c) {
			v.rows[c.Name] = rows
		}
	}
}

// unproven is about what could not be tried: unknown where a finding says why, and else a finding itself, or a cluster of which
// nothing is proven would be well.
func (v *Verification) unproven(try, format string, args ...any) []Row {
	if v.broken() {
		return unknown(try, format, args...)
	}
	return failed(try, format, args...)
}

// begin finds a name, and takes off what runs that were killed have left.
func (v *Verification) begin(ctx context.Context) (*moment, error) {
	if len(v.api) == 0 {
		return nil, errors.New("no API server could be asked")
	}
	random := make([]byte, 4)
	if _, err := io.ReadFull(v.Rand, random); err != nil {
		return nil, fmt.Errorf("failed to read random bytes: %w", err)
	}
	m := &moment{Verification: v, api: v.api[0], name: momentName + hex.EncodeToString(random)}
	return m, m.sweep(ctx)
}

func (m *moment) sweep(ctx context.Context) error {
	left := meta.ListOptions{LabelSelector: manifests.MomentLabel}
	namespaces, secrets := m.api.CoreV1().Namespaces(), m.api.CoreV1().Secrets(meta.NamespaceSystem)
	spaces, err := namespaces.List(ctx, left)
	if err != nil {
		return err
	}
	for _, n := range spaces.Items {
		if n.Status.Phase != core.NamespaceTerminating && m.left(n.ObjectMeta) {
			_ = namespaces.Delete(ctx, n.Name, meta.DeleteOptions{})
		}
	}
	written, err := secrets.List(ctx, left)
	if err != nil {
		return err
	}
	for _, s := range written.Items {
		if m.left(s.ObjectMeta) {
			_ = secrets.Delete(ctx, s.Name, meta.DeleteOptions{})
		}
	}
	return nil
}

// left reports whether it was made for the moment, by whoever is no more. A label alone is anybody's to give.
func (m *moment) left(o meta.ObjectMeta) bool {
	return strings.HasPrefix(o.Name, momentName) && (m.Gone(o.Annotations[manifests.MomentBy]) || m.Now().Sub(o.CreationTimestamp.Time) > leftAfter)
}

// sweeping bounds taking something off, also after an interrupt.
func sweeping(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), sweepLimit)
}

// secrets writes a Secret through each API server and reads what etcd keeps of it.
func (m *moment) secrets(ctx context.Context) []Row {
	if !m.wantsCheck(liveSecret) {
		return nil
	}
	if m.waives(liveSecret) {
		return row(Waived, "", "none was written")
	}
	prefix, err := controlplane.StoredPrefix(m.Store.WorkDir(), "secrets")
	if err != nil {
		return unknown("hardway encryption-config", "what it should be encrypted with is not known: %v", err)
	}
	if prefix == "" {
		return ok("encryption-config.yaml encrypts no Secrets")
	}
	found := make([][]Row, len(m.Verification.api))
	_ = remote.ForEach(ctx, indices(found), len(found), func(ctx context.Context, i int) error {
		a := m.Verification.api[i]
		if m.chosen(a.node.Name) {
			found[i] = at(a.node.Name, m.secret(ctx, a, prefix))
		}
		return nil
	})
	return slices.Concat(found...)
}

func (v *Verification) wantsCheck(name string) bool {
	return slices.ContainsFunc(LiveChecks(), func(c LiveCheck) bool { return c.Name == name && v.wants(c) })
}

func (m *moment) secret(ctx context.Context, a *api, prefix string) []Row {
	written := manifests.MomentSecret(m.name+"-"+a.node.Name, m.By)
	secrets := a.CoreV1().Secrets(written.Namespace)
	// Also where no answer came: it may have been written.
	defer func() {
		ctx, cancel := sweeping(ctx)
		defer cancel()
		_ = secrets.Delete(ctx, written.Name, meta.DeleteOptions{})
	}()
	if _, err := secrets.Create(ctx, written, meta.CreateOptions{}); err != nil {
		return unanswered(a, err)
	}
	value, err := m.Etcd.Value(ctx, m.Spec, "/registry/secrets/"+written.Namespace+"/"+written.Name)
	if err != nil {
		return m.unproven("hardway etcd verify", "what etcd keeps of it cannot be read: %v", err)
	}
	return judgeStored(value, prefix)
}

// storedShown is how much of a value may be shown: encrypted ones say by what, and nothing of what they hold.
const storedShown = 60

// judgeStored never shows what a value holds.
func judgeStored(value []byte, prefix string) []Row {
	const try = "hardway render controlplane && hardway apply controlplane"
	text := string(value)
	switch {
	case len(value) == 0:
		return failed(try, "etcd keeps nothing of a Secret that was written: does the API server use another etcd?")
	case strings.HasPrefix(text, prefix):
		return ok("begins with %s", prefix)
	case strings.HasPrefix(text, "k8s:enc:"):
		parts := strings.SplitN(text[:min(len(text), storedShown)], ":", 6)
		return failed(try, "a Secret is encrypted with %s, and the first key of encryption-config.yaml writes %s", strings.Join(parts[:len(parts)-1], ":")+":", prefix)
	}
	return failed(try+"; then have what is stored written anew: kubectl get secrets -A -o json | kubectl replace -f -",
		"a Secret stands in etcd as plain text, expected it to begin with %s", prefix)
}
