package plan

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"sigs.k8s.io/yaml"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/controlplane"
	"hardway/manifests"
	"hardway/pki"
	"hardway/remote"
	"hardway/rollout"
)

// superAdmin is the certificate that objects are applied with: what binds the administrators' group is one of them.
const superAdmin = "super-admin"

func (e *Env) applyManifests() Step {
	return Step{
		Path: []string{"apply", "manifests"}, Summary: "bring the objects inside the cluster to be what is rendered",
		Why: "Without them API servers may not ask kubelets for logs, pods find no Service by its name, and nobody has given the Nodes " +
			"their roles and pod networks. They are applied by server-side apply: what others have added to an object stays.",
		ByHand: applyManifestsByHand,
		Plan:   e.planManifests,
	}
}

// planManifests asks the API server what applying would change. Where none answers yet, everything is to be made.
func (e *Env) planManifests(ctx context.Context) (Action, error) {
	if err := manifests.Outdated(e.Work, e.Spec); err != nil {
		return Action{}, err
	}
	wanted, err := e.objects()
	if err != nil {
		return Action{}, err
	}
	client, unready := e.apiServer(ctx)
	if client == nil {
		report := Report{Notes: []string{"no API server is ready yet: " + unready.Error()}}
		for _, o := range wanted {
			report.Changes = append(report.Changes, Change{Subject: o.String(), Action: string(manifests.Create), Reason: "no API server is ready yet"})
		}
		return Action{Report: report, Do: func(context.Context) (Report, error) { return Report{}, unready }}, nil
	}
	changes, err := e.compareObjects(ctx, client, wanted)
	if err != nil {
		return Action{}, err
	}
	return manifestsAction(client, changes, len(wanted))
}

// objects is every object of every set that the spec wants, in the order in which they are applied.
func (e *Env) objects() ([]manifests.Object, error) {
	given, err := manifests.From(e.Spec, e.store())
	if err != nil {
		return nil, err
	}
	var out []manifests.Object
	for _, set := range manifests.Sets {
		if !set.Wanted(e.Spec) {
			continue
		}
		secrets, err := set.Secrets(e.Spec, e.store())
		if err != nil {
			return nil, err
		}
		objects, err := set.Objects(e.Spec, given)
		if err != nil {
			return nil, err
		}
		out = append(append(out, secrets...), objects...)
	}
	return out, nil
}

// apiServer is a client of the first API server that is ready, through the SSH connection of its own host; nil, and why,
// where none is.
func (e *Env) apiServer(ctx context.Context) (*manifests.Client, error) {
	return e.apiServerAmong(ctx, e.Spec.With(cluster.RoleControlPlane))
}

func (e *Env) apiServerAmong(ctx context.Context, masters []cluster.Node) (*manifests.Client, error) {
	trust, err := e.store().Trust(pki.Kubernetes)
	if err != nil {
		return nil, err
	}
	config, err := e.store().ClientTLS(superAdmin)
	if err != nil {
		return nil, err
	}
	var unready cluster.Problems
	for _, node := range masters {
		if found := e.askHost(ctx, trust, node, []controlplane.Health{controlplane.Ready(node)}); len(found) > 0 {
			unready = append(unready, found...)
			continue
		}
		conn, err := e.connect(ctx, node)
		if err != nil {
			return nil, err
		}
		return manifests.Connect(controlplane.Ready(node).Address, config, conn.Dial)
	}
	return nil, unready.OrNil()
}

// objectsAtOnce is how many objects are asked about at the same time.
const objectsAtOnce = 8

// compareObjects is what applying would change, in the order in which it would, and what would go.
func (e *Env) compareObjects(ctx context.Context, client *manifests.Client, wanted []manifests.Object) ([]manifests.Change, error) {
	found := make([]*manifests.Change, len(wanted))
	problems := make([]error, len(wanted))
	_ = remote.ForEach(ctx, indices(wanted), objectsAtOnce, func(ctx context.Context, i int) error {
		found[i], problems[i] = client.Compare(ctx, wanted[i])
		return nil
	})
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	var changes []manifests.Change
	for _, c := range found {
		if c != nil {
			changes = append(changes, *c)
		}
	}
	strays, err := client.Strays(ctx, e.Spec, wanted)
	return append(changes, strays...), err
}

func manifestsAction(client *manifests.Client, changes []manifests.Change, wanted int) (Action, error) {
	report := Report{Contents: map[Change]rollout.Contents{}}
	for _, c := range changes {
		row := Change{Subject: c.Object.String(), Action: string(c.Verb), Reason: objectReason[c.Verb]}
		report.Changes = append(report.Changes, row)
		text, err := objectDiff(c)
		if err != nil {
			return Action{}, err
		}
		report.Contents[row] = text
	}
	if len(changes) == 0 {
		report.Notes = []string{count(wanted, "object") + " in the cluster stand as they should, nothing was done"}
		return Action{Report: report}, nil
	}
	return Action{Report: report, LocksEtcd: true, Do: func(ctx context.Context) (Report, error) {
		for _, c := range changes {
			if err := client.Do(ctx, c); err != nil {
				return Report{}, err
			}
		}
		return report, nil
	}}, nil
}

var objectReason = map[manifests.Verb]string{
	manifests.Create: "missing", manifests.Update: "differs from what is rendered", manifests.Delete: "no longer wanted",
}

// objectDiff is what a change does to an object, as text.
func objectDiff(c manifests.Change) (rollout.Contents, error) {
	if c.Object.GetKind() == "Secret" {
		return secretDiff(c)
	}
	var sides [2][]byte
	for i, side := range []map[string]any{c.Live, c.Applied} {
		if side == nil {
			continue
		}
		var err error
		if sides[i], err = yaml.Marshal(side); err != nil {
			return rollout.Contents{}, fmt.Errorf("failed to encode %s: %w", c.Object, err)
		}
	}
	return rollout.Contents{Diff: string(diff.Diff("cluster", sides[0], "manifests", sides[1]))}, nil
}

// secretDiff says that a Secret changes, and nothing of what it holds.
func secretDiff(c manifests.Change) (rollout.Contents, error) {
	out := rollout.Contents{Hidden: rollout.HiddenSecret}
	for _, side := range []struct {
		object map[string]any
		stand  **rollout.Stand
	}{{c.Live, &out.Old}, {c.Applied, &out.New}} {
		if side.object == nil {
			continue
		}
		data, err := json.Marshal(side.object["data"])
		if err != nil {
			return out, fmt.Errorf("failed to encode %s: %w", c.Object, err)
		}
		*side.stand = &rollout.Stand{SHA256: artifact.Digest(data), Size: int64(len(data))}
	}
	return out, nil
}

// The tokens stand where by hand something comes from pki/; the bundle is written in base64.
const (
	bundleToken = "ca-bundle"
	markToken   = "MARK"
)

// marksByHand has the token for each certificate of a set, of which there is one at most.
func marksByHand(spec *cluster.Spec, set manifests.Set) map[string]string {
	marks := map[string]string{}
	for _, r := range set.Certificates(spec) {
		marks[r.Name] = markToken
	}
	return marks
}

// manifestsByHand writes what is rendered.
func manifestsByHand(spec *cluster.Spec) []Command {
	var commands []Command
	for _, set := range manifests.Sets {
		if !set.Wanted(spec) {
			continue
		}
		text, err := set.Render(spec, manifests.Given{Trust: []byte(bundleToken), Marks: marksByHand(spec, set)})
		if err != nil {
			return unexplained(set.File(), err)
		}
		write := heredoc("cat >"+set.File(), string(text))
		if len(set.Certificates(spec)) > 0 {
			write = expanded("cat >"+set.File(), string(text), map[string]string{
				base64.StdEncoding.EncodeToString([]byte(bundleToken)): "base64 -w0 " + pki.File(pki.KubernetesBundle),
				markToken: fmt.Sprintf("sha256sum %s | cut -c1-%d", set.Certificates(spec)[0].CertFile(), manifests.MarkLength),
			})
		}
		commands = append(commands, Command{Says: set.What, Line: lines("mkdir -p "+manifests.Dir, write)})
	}
	return commands
}

// applyManifestsByHand is kubectl's own server-side apply, as the user of emergencies: who administrators are is one of the
// objects.
func applyManifestsByHand(spec *cluster.Spec) []Command {
	kubectl := "kubectl --kubeconfig=kubeconfig/super-admin.kubeconfig "
	var commands []Command
	for _, set := range manifests.Sets {
		if set.Wanted(spec) {
			commands = append(commands, secretsByHand(spec, set, kubectl)...)
			commands = append(commands, Command{
				Says: set.What, Line: kubectl + "apply --server-side --force-conflicts --field-manager=" + manifests.FieldManager + " --filename=" + set.File(),
			})
		}
	}
	return append(commands, Command{Says: "what stands there now", Line: kubectl + "get nodes,deployments,apiservices --all-namespaces --selector=" + manifests.Selector})
}

// secretsByHand is the certificates of a set: their keys go from file to API server through pipes alone.
func secretsByHand(spec *cluster.Spec, set manifests.Set, kubectl string) []Command {
	var commands []Command
	for _, r := range set.Certificates(spec) {
		commands = append(commands, Command{
			Says: r.Secret.String() + ": " + leafReasons[r.Name],
			Line: "kubectl create secret tls " + r.Secret.Name + " --namespace=" + r.Secret.Namespace + " --cert=" + r.CertFile() + " --key=" + r.KeyFile() +
				" --dry-run=client --output=yaml |\n  kubectl label --local --filename=- " + strings.Join(set.Labels(), " ") + " --output=yaml |\n  " +
				kubectl + "apply --server-side --force-conflicts --field-manager=" + manifests.FieldManager + " --filename=-",
		})
	}
	return commands
}
