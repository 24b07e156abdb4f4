package check

import (
	"context"
	"strings"

	"hardway/cluster"
	"hardway/etcd"
	"hardway/remote"
	"hardway/worker"
)

// answersSSH is why a host could not be reached: what else is wrong with it is not known then.
func answersSSH(_ context.Context, v *Verification) []Row {
	var rows []Row
	for _, t := range v.Targets {
		if t.Conn == nil {
			message, try := troubleOf(t.Trouble)
			rows = append(rows, at(t.Node.Name, failed(try, "%s", message))...)
			continue
		}
		rows = append(rows, at(t.Node.Name, ok("answers"))...)
	}
	return rows
}

// hostnameFile is what the kernel calls the host.
const hostnameFile = "/proc/sys/kernel/hostname"

// hasItsName reads what a kubelet there would call itself. Hosts that share a machine have no such file of their own.
func hasItsName(ctx context.Context, v *Verification) []Row {
	return v.each(ctx, v.Spec.Kubelets(), func(ctx context.Context, t Target) []Row {
		data, err := t.Conn.ReadFile(ctx, hostnameFile)
		name := strings.TrimSpace(string(data))
		switch {
		case err != nil || name == "":
			return unknown("ssh "+t.Node.Name+" hostname", "cannot be read: %v", err)
		case name != t.Node.Name:
			return failed("ssh "+t.Node.Name+" 'hostnamectl set-hostname "+t.Node.Name+" && systemctl restart "+worker.KubeletUnit+"', or rename the host in cluster.yaml",
				"is %q: its kubelet calls itself that, and its certificate is for the node %s", name, t.Node.Name)
		}
		return ok("%s", name)
	})
}

// membership is what is wrong with etcd's membership, as `etcd verify` finds it.
func membership(ctx context.Context, v *Verification) []Row {
	problems, err := v.Members(ctx)
	if err != nil {
		return v.unproven("hardway etcd verify", "could not be asked: %v", err)
	}
	var rows []Row
	for _, p := range problems {
		k := kind("")
		switch {
		case etcd.AboutServing(p):
			k = kindServed
		case etcd.AboutHealth(p):
			k = kindLonely
		case p.Subject == etcd.AlarmSubject:
			k = kindAlarm
		case p.Subject == etcd.Unit || p.Subject == etcd.DataDir:
			k = kindDown
		}
		rows = append(rows, at(p.Host, of(k, failed(p.Hint, "%s: %s", p.Subject, p.Message)))...)
	}
	return orOK(rows, "%d members, one cluster, one leader, the same data everywhere", len(etcds(v.Spec)))
}

// proxies asks each kube-proxy on its own node.
func proxies(ctx context.Context, v *Verification) []Row {
	return v.each(ctx, v.Spec.Kubelets(), func(ctx context.Context, t Target) []Row {
		for _, h := range worker.Local(t.Node) {
			if h.Unit != worker.KubeProxyUnit {
				continue
			}
			if err := h.Ask(ctx, t.Conn.Dial); err != nil {
				return failed("ssh "+t.Node.Name+" journalctl -u "+h.Unit+" -n 50", "%s: %v", h.Unit, err)
			}
		}
		return ok("healthy")
	})
}

// each asks the hosts among these that could be reached, side by side.
func (v *Verification) each(ctx context.Context, nodes []cluster.Node, ask func(context.Context, Target) []Row) []Row {
	found := make([][]Row, len(nodes))
	_ = remote.ForEach(ctx, indices(nodes), max(v.Spec.SSH.Parallel, 1), func(ctx context.Context, i int) error {
		if t := v.hosts[nodes[i].Name]; t.Conn != nil && v.chosen(t.Node.Name) {
			found[i] = at(t.Node.Name, ask(ctx, t))
		}
		return nil
	})
	var rows []Row
	for _, f := range found {
		rows = append(rows, f...)
	}
	return rows
}
