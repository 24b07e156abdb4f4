#!/usr/bin/env bash
# The main job as a person would type it, on three hosts that hardway-lab plays on this machine.
#
#   test/demo.sh [--keep]     --keep leaves the hosts and their etcd running
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PWD/bin:$PATH
keep=${1:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/hardway-demo.XXXXXX")
began=$SECONDS

# shellcheck disable=SC2317 # called by the trap
finish() {
  [ "$keep" = --keep ] && return
  hardway-lab down --dir "$work" >/dev/null || true
}
trap finish EXIT

run() {
  printf '\n\033[1m$ %s\033[0m\n' "$*"
  "$@"
}

run hardway-lab up --dir "$work" --hosts 3
cd "$work"
run hardway validate
run hardway preflight
run hardway pki all
run hardway kubeconfig all
run hardway encryption-config
run hardway render all
run hardway distribute
run hardway apply etcd
run hardway etcd verify

cat <<TXT

Three members, healthy, after $((SECONDS - began)) s. What to look at:
  $work/cluster.yaml                               the one file a person writes
  $work/pki/                                       authorities, certificates and keys
  $work/hosts/kmaster1/etc/systemd/system/etcd.service   the unit as delivered
  $work/hosts/kmaster1/.manifest.json              every path with mode, owner and digest
TXT
if [ "$keep" = --keep ]; then
  echo "Still running. Try: cd $work && hardway up --skip 'apply controlplane'; hardway explain apply etcd. Stop it: hardway-lab down --dir $work"
else
  echo "The hosts are stopped now; make demo KEEP=1 leaves them running."
fi
