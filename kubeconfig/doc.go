// Package kubeconfig makes kubeconfigs from client-go's own types, in two kinds. Those in the work directory are for
// people and scripts: self-contained, with key and certificates embedded. Those on hosts refer to the certificate files
// beside them, because components read such files again and never read a kubeconfig twice.
package kubeconfig
