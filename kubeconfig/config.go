package kubeconfig

import (
	"fmt"

	clientcmd "k8s.io/client-go/tools/clientcmd/api/v1"
	"sigs.k8s.io/yaml"
)

// config is a kubeconfig with one cluster, one user, and the context <user>@<cluster> that joins them.
func config(clusterName, userName string, server clientcmd.Cluster, credentials clientcmd.AuthInfo) ([]byte, error) {
	contextName := userName + "@" + clusterName
	data, err := yaml.Marshal(clientcmd.Config{
		APIVersion:     "v1",
		Kind:           "Config",
		Clusters:       []clientcmd.NamedCluster{{Name: clusterName, Cluster: server}},
		AuthInfos:      []clientcmd.NamedAuthInfo{{Name: userName, AuthInfo: credentials}},
		Contexts:       []clientcmd.NamedContext{{Name: contextName, Context: clientcmd.Context{Cluster: clusterName, AuthInfo: userName}}},
		CurrentContext: contextName,
	})
	if err != nil {
		return nil, fmt.Errorf("failed to encode kubeconfig of %s: %w", userName, err)
	}
	return data, nil
}
