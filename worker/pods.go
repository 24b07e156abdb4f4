package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// How long the container runtime may take to begin answering, and to end one pod: it waits itself for containers to end,
// and for the plugins that take a pod's network off.
const (
	runtimeBegins = 30 * time.Second
	podEnds       = 2 * time.Minute
)

// RemovePods has the container runtime of a host end every pod and forget it: containers, sandboxes, their networks and
// what they wrote. Images stay. No kubelet may run, or it would start them again.
func RemovePods(ctx context.Context, dial DialFunc) error {
	conn, err := grpc.NewClient("passthrough:///"+containerdSocket, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, socket string) (net.Conn, error) { return dial(ctx, "unix", socket) }))
	if err != nil {
		return err
	}
	defer conn.Close()
	runtime := cri.NewRuntimeServiceClient(conn)
	begins, cancel := context.WithTimeout(ctx, runtimeBegins)
	defer cancel()
	list, err := runtime.ListPodSandbox(begins, &cri.ListPodSandboxRequest{}, grpc.WaitForReady(true))
	if status.Code(err) == codes.Unimplemented {
		// A runtime that serves no kubelet has no pods.
		return nil
	}
	if err != nil {
		return fmt.Errorf("failed to list pods: %w", err)
	}
	var errs []error
	for _, pod := range list.Items {
		errs = append(errs, removePod(ctx, runtime, pod))
	}
	return errors.Join(errs...)
}

func removePod(ctx context.Context, runtime cri.RuntimeServiceClient, pod *cri.PodSandbox) error {
	ctx, cancel := context.WithTimeout(ctx, podEnds)
	defer cancel()
	_, err := runtime.StopPodSandbox(ctx, &cri.StopPodSandboxRequest{PodSandboxId: pod.Id})
	if err == nil {
		_, err = runtime.RemovePodSandbox(ctx, &cri.RemovePodSandboxRequest{PodSandboxId: pod.Id})
	}
	if err != nil {
		return fmt.Errorf("failed to remove pod %s/%s: %w", pod.Metadata.GetNamespace(), pod.Metadata.GetName(), err)
	}
	return nil
}
