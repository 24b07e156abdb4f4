package plan

import (
	"context"
	"strings"

	certificates "k8s.io/api/certificates/v1"

	"hardway/cluster"
	"hardway/manifests"
	"hardway/worker"
)

// PKIApprove decides about what kubelets ask for, once.
func PKIApprove(e *Env) Step {
	return Step{
		Path: []string{"pki", "approve"}, Summary: "approve what kubelets ask to serve with, where it is what cluster.yaml says of them",
		Why: "With worker.bootstrap: token kubelets ask for a new serving certificate before theirs ends. Nobody in the cluster approves " +
			"that by itself, for it takes to know which names and addresses are a node's. This does, once: for a schedule. What it " +
			"refuses stays as it is, with the reason, and the exit code is 3.",
		ByHand: approveByHand,
		Plan:   e.planApprove,
	}
}

// judged is a request with what was decided about it.
type judged struct {
	Request string   `json:"request"`
	Node    string   `json:"node"`
	Result  string   `json:"result"`
	Reasons []string `json:"reasons"`

	csr certificates.CertificateSigningRequest
}

func (e *Env) planApprove(ctx context.Context) (Action, error) {
	client, unready := e.apiServer(ctx)
	if client == nil {
		return Action{}, unready
	}
	requests, err := client.Requests(ctx, certificates.KubeletServingSignerName)
	if err != nil {
		return Action{}, err
	}
	var all []judged
	for i := range requests {
		if worker.IsServingRequest(&requests[i]) {
			all = append(all, e.judge(requests[i]))
		}
	}
	report := approvals(all)
	if len(report.Changes) == 0 {
		return Action{Report: report}, nil
	}
	return Action{Report: report, Do: func(ctx context.Context) (Report, error) {
		return done(report, approveAll(ctx, client, all))
	}}, nil
}

func (e *Env) judge(r certificates.CertificateSigningRequest) judged {
	j := judged{Request: r.Name, Node: worker.RequestNode(&r), Result: "approve", Reasons: worker.Judge(e.Spec, &r), csr: r}
	if len(j.Reasons) > 0 {
		j.Result = "refuse"
		return j
	}
	j.Reasons = []string{approved}
	return j
}

// approvals is the decisions in rows; what is refused is a finding.
func approvals(all []judged) Report {
	report := Report{Table: Table{Header: []string{"NODE", "REQUEST", "RESULT", "WHY"}}}
	for _, j := range all {
		why := strings.Join(j.Reasons, "; ")
		report.Items = append(report.Items, j)
		report.Table.Rows = append(report.Table.Rows, []string{j.Node, j.Request, j.Result, why})
		if j.Result == "approve" {
			report.Changes = append(report.Changes, Change{j.Node, j.Request, j.Result, why})
			continue
		}
		report.Problems = append(report.Problems, cluster.Problem{
			Host: j.Node, Subject: j.Request, Message: why,
			Hint: "if the node is right, put its name or address into cluster.yaml; else find out who asks, and kubectl certificate deny " + quote(j.Request),
		})
	}
	if len(all) == 0 {
		report.Notes = []string{"no kubelet waits for a serving certificate"}
	}
	return report
}

func approveAll(ctx context.Context, client *manifests.Client, all []judged) error {
	for _, j := range all {
		if j.Result != "approve" {
			continue
		}
		if err := client.Approve(ctx, j.csr, approved); err != nil {
			return err
		}
	}
	return nil
}
