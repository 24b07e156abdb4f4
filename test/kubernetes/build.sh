#!/usr/bin/env bash
# Builds the real Kubernetes and etcd that the end-to-end tests run, of the versions that go.mod names, and prints the
# directory they lie in. They are built once for each go.mod and go.sum (some 7 minutes on two cores); a build that is cut
# off leaves nothing behind that could be taken for a whole one.
#
#   test/kubernetes/build.sh [CACHE]      CACHE defaults to .cache/kubernetes of the project
set -euo pipefail
cache=${1:-$(dirname "$0")/../../.cache/kubernetes}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd -P)
cd "$(dirname "$0")"

hash=$(cat go.mod go.sum build.sh | sha256sum | cut -c1-16)
dir=$cache/$hash
exec 9>"$cache/.lock" # the second of two builds at once waits, and finds what the first has built
[ -d "$dir" ] || flock 9
if [ -d "$dir" ]; then
  echo "$dir"
  exit
fi

version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
IFS=. read -r major minor _ <<<"${version#v}"
stamps="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  stamps+=" -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
done

rm -rf "$cache"/.build.* # what a cut-off build left; the lock says that nobody works there
build=$(mktemp -d "$cache/.build.XXXXXX")
trap 'rm -rf "$build"' EXIT
chmod 0755 "$build"
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false
echo "building Kubernetes $version and etcd $(go list -m -f '{{.Version}}' go.etcd.io/etcd/server/v3) into $dir" >&2
go build -trimpath -ldflags "$stamps" -o "$build/" \
  k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-scheduler,kube-proxy,kubelet,kubectl,kubeadm}
for etcd in etcd:server etcdctl:etcdctl etcdutl:etcdutl; do
  go build -trimpath -ldflags "-s -w" -o "$build/${etcd%%:*}" "go.etcd.io/etcd/${etcd##*:}/v3"
done
mv "$build" "$dir"
echo "$dir"
