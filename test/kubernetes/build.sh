#!/usr/bin/env bash
# Builds the real Kubernetes and etcd that the end-to-end tests run, of the versions that go.mod names, and prints the
# directory they lie in: once for each go.mod and go.sum, some 7 minutes on two cores.
#
#   test/kubernetes/build.sh [CACHE]      CACHE defaults to .cache/kubernetes of the project
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
cache=$(realpath -m "${1:-$here/../../.cache/kubernetes}")
cd "$here"
. ./cached.sh

build() {
  local version major minor stamps="-s -w"
  version=$(release k8s.io/kubernetes)
  IFS=. read -r major minor _ <<<"${version#v}"
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    stamps+=" -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
  done
  echo "building Kubernetes $version and etcd $(release go.etcd.io/etcd/server/v3) into $cache"
  go build -trimpath -ldflags "$stamps" -o "$1/" \
    k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-scheduler,kube-proxy,kubelet,kubectl,kubeadm}
  for etcd in etcd:server etcdctl:etcdctl etcdutl:etcdutl; do
    go build -trimpath -ldflags "-s -w" -o "$1/${etcd%%:*}" "go.etcd.io/etcd/${etcd##*:}/v3"
  done
}

cached "$cache" build go.mod go.sum build.sh
