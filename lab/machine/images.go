package machine

import (
	"context"
	"fmt"
	"os"
)

// importScript starts containerd, which the image leaves off, and has it take the images on standard input.
const importScript = "systemctl start containerd && ctr --namespace k8s.io images import - >/dev/null"

// importImages gives the machines that run pods their images, where they were not given the same ones before.
func (l Lab) importImages(ctx context.Context, o Options) error {
	return forEach(ctx, o.Hosts, func(ctx context.Context, h Host) error {
		if !h.RunsPods {
			return nil
		}
		tar, err := os.Open(o.Images)
		if err != nil {
			return err
		}
		defer tar.Close()
		if _, err := docker(ctx, tar, "exec", "--interactive", l.container(h.Name), "sh", "-c", importScript); err != nil {
			return fmt.Errorf("failed to import %s on %s: %w", o.Images, h.Name, err)
		}
		return nil
	})
}
