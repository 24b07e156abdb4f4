#!/bin/sh
# The first process of a machine: makes what a container is given look like a machine's, and becomes systemd.
#
# A machine may set what is its own: the network's settings and its control groups. All other settings below /proc/sys and
# /sys/module are those of the kernel that all machines share with their host, and stay as they are.
set -eu
run=/run/hardway-lab
mkdir -p "$run"

mount -o remount,rw /sys 2>/dev/null || mount -o remount,bind,rw /sys
awk '$3 ~ /^cgroup2?$/ {print $2}' /proc/mounts >"$run/cgroups"
while read -r hierarchy; do mount -o remount,bind,rw "$hierarchy"; done <"$run/cgroups"

mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,rw /proc/sys/net

mount --bind /sys/module /sys/module
mount -o remount,bind,ro /sys/module

# shadow PATH VALUE: whoever reads a setting of the kernel finds what it wants, and may set it, in a file of the machine's own.
shadow() {
  [ -e "$1" ] || return 0
  mkdir -p "$run/settings${1%/*}"
  echo "$2" >"$run/settings$1"
  mount --bind "$run/settings$1" "$1"
}
# Of kubelets, where they are different.
shadow /proc/sys/vm/overcommit_memory 1
shadow /proc/sys/vm/panic_on_oom 0
shadow /proc/sys/kernel/panic 10
shadow /proc/sys/kernel/panic_on_oops 1
shadow /proc/sys/kernel/keys/root_maxkeys 1000000
shadow /proc/sys/kernel/keys/root_maxbytes 25000000
# Of kube-proxy: the table of connections is one for all networks.
shadow /proc/sys/net/netfilter/nf_conntrack_max 1048576
shadow /sys/module/nf_conntrack/parameters/hashsize 1048576

# Packets are forwarded between pods, as a machine's operator would have it: settings of the machine's own network.
echo 1 >/proc/sys/net/ipv4/ip_forward
mount --make-rshared /
exec /sbin/init
