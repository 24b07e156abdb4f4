#!/usr/bin/env bash
# What a bare script does with the same executables, units, certificates and objects: all of it unpacked on every host at once,
# and everything started at once. It compares, syncs, locks, gates and verifies nothing, keeps nothing of what it replaces, and
# run a second time it would begin a new etcd cluster in the place of the old one.
#
#   bare.sh LAB MASTERS BALANCERS WORKERS      LAB holds tars/<address>.tar and manifests/; the rest is addresses
set -euo pipefail
cd "$1"
masters=$2 balancers=$3 workers=$4

on() { ssh -F none -i id_ed25519 -o UserKnownHostsFile=known_hosts -o BatchMode=yes "root@$1" "$2"; }

# together COMMAND HOST…: the command for each host side by side; the first that fails ends the script.
together() {
  local command=$1 jobs=() job
  shift
  for host in "$@"; do
    "$command" "$host" &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do wait "$job"; done
}

unpack() { on "$1" 'systemd-sysusers --inline "u etcd - etcd" >/dev/null; tar -xpf - -C /; systemctl daemon-reload' <"tars/$1.tar"; }
etcd() { on "$1" 'mkdir -p /run/hardway; echo ETCD_INITIAL_CLUSTER_STATE=new >/run/hardway/etcd-bootstrap.env; systemctl enable -q --now etcd'; }
master() { on "$1" 'systemctl enable -q --now --no-block kube-apiserver kube-controller-manager kube-scheduler hardway-pod-routes'; }
balancer() { on "$1" 'systemctl enable -q haproxy; systemctl restart haproxy'; }
worker() { on "$1" 'systemctl enable -q containerd hardway-pod-routes kubelet kube-proxy; systemctl restart containerd hardway-pod-routes kubelet kube-proxy'; }

# shellcheck disable=SC2086 # addresses are words
{
  together unpack $masters $balancers $workers
  together etcd $masters
  together master $masters
  together balancer $balancers
  until kubectl apply --server-side -f manifests >/dev/null 2>&1; do sleep 0.1; done
  together worker $workers
}
