#!/usr/bin/env bash
# Builds the etcd that go.mod names, the release before the one that the end-to-end tests run, and prints its directory.
#
#   test/kubernetes/previous/build.sh [CACHE]      CACHE defaults to .cache/previous of the project
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
cache=$(realpath -m "${1:-$here/../../../.cache/previous}")
cd "$here"
. ../cached.sh

build() {
  echo "building etcd $(release go.etcd.io/etcd/server/v3) into $cache"
  for etcd in etcd:server etcdctl:etcdctl etcdutl:etcdutl; do
    go build -trimpath -ldflags "-s -w" -o "$1/${etcd%%:*}" "go.etcd.io/etcd/${etcd##*:}/v3"
  done
}

cached "$cache" build go.mod go.sum build.sh
