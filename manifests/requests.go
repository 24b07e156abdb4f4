package manifests

import (
	"context"
	"fmt"

	certificates "k8s.io/api/certificates/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

var requestKind = certificates.SchemeGroupVersion.WithResource("certificatesigningrequests")

// Requests is every certificate signing request of a signer that the API server knows of, decided on or not.
func (c *Client) Requests(ctx context.Context, signer string) ([]certificates.CertificateSigningRequest, error) {
	list, err := c.objects.Resource(requestKind).List(ctx, meta.ListOptions{FieldSelector: "spec.signerName=" + signer})
	if err != nil {
		return nil, fmt.Errorf("failed to list certificate signing requests: %w", err)
	}
	out := make([]certificates.CertificateSigningRequest, len(list.Items))
	for i := range list.Items {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(list.Items[i].Object, &out[i]); err != nil {
			return nil, fmt.Errorf("failed to read the certificate signing request %s: %w", list.Items[i].GetName(), err)
		}
	}
	return out, nil
}

// Approve lets a request be signed, in the very version that was judged.
func (c *Client) Approve(ctx context.Context, r certificates.CertificateSigningRequest, why string) error {
	r.Status.Conditions = append(r.Status.Conditions, certificates.CertificateSigningRequestCondition{
		Type: certificates.CertificateApproved, Status: core.ConditionTrue, Reason: "HardwayApproves", Message: why,
	})
	o, err := untyped(&r)
	if err == nil {
		_, err = c.objects.Resource(requestKind).Update(ctx, o.Unstructured, meta.UpdateOptions{FieldManager: FieldManager}, "approval")
	}
	if err != nil {
		return fmt.Errorf("failed to approve the certificate signing request %s: %w", r.Name, err)
	}
	return nil
}
