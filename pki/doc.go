// Package pki says which certificates a cluster needs and makes them: the catalogue of leaves, the authorities with
// their generations, the service-account pair. Plan computes what is missing or no longer right as a value, Apply does
// exactly that through cfssl's signing policy; the same catalogue feeds reports, renewal and what each host is given.
//
// Names, subjects and usages follow "PKI certificates and requirements" of the Kubernetes documentation
// (https://kubernetes.io/docs/setup/best-practices/certificates/), places on hosts follow kubeadm's.
//
// Randomness is crypto/rand's: since Go 1.26 that is what key generation and signing use whatever reader they are given.
package pki
