#!/usr/bin/env bash
# Builds what runs on the real Kubernetes of the end-to-end tests, where there is no registry, and prints the directory:
# cni/ with the CNI plugins, and images.tar, which `ctr -n k8s.io images import` takes. It is a module of its own, so that
# another add-on does not build Kubernetes anew.
#
#   test/kubernetes/addons/build.sh [CACHE]      CACHE defaults to .cache/addons of the project
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
cache=$(realpath -m "${1:-$here/../../../.cache/addons}")
cd "$here"
. ../cached.sh

cni=github.com/containernetworking/plugins
metrics=sigs.k8s.io/metrics-server

build() {
  local dns plugins meter
  dns=$(release github.com/coredns/coredns)
  plugins=$(release $cni)
  meter=$(release $metrics)
  echo "building CoreDNS $dns, metrics-server $meter and CNI plugins $plugins into $cache"
  mkdir "$1/cni" "$1/programs"
  go build -trimpath -ldflags "-s -w -X $cni/pkg/utils/buildversion.BuildVersion=$plugins" -o "$1/cni/" \
    $cni/plugins/{main/bridge,main/loopback,ipam/host-local,meta/portmap}
  go build -trimpath -ldflags "-s -w -X k8s.io/client-go/pkg/version.gitVersion=$meter" -o "$1/programs/" \
    $metrics/cmd/metrics-server
  go build -trimpath -ldflags "-s -w" -o "$1/programs/" ./coredns ./guard ./pause ./web
  go run ./image "$1/images.tar" "$1/programs" pause:1 web:1 guard:1 "coredns:$dns" "metrics-server:$meter"
  rm -r "$1/programs"
}

cached "$cache" build go.mod go.sum build.sh ./*/*.go
