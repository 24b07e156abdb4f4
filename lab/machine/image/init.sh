#!/bin/sh
# The first process of a machine: makes what a container is given look like a machine's, and becomes systemd.
#
# A machine may set what is its own: the network's settings and its control groups. All other settings below /proc/sys are
# those of the kernel that all machines share with their host, and stay as they are.
set -eu
run=/run/hardway-lab
mkdir -p "$run/sys"

mount -o remount,rw /sys 2>/dev/null || mount -o remount,bind,rw /sys
awk '$3 ~ /^cgroup2?$/ {print $2}' /proc/mounts >"$run/cgroups"
while read -r hierarchy; do mount -o remount,bind,rw "$hierarchy"; done <"$run/cgroups"

mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,rw /proc/sys/net

# A kubelet sets these where they are different. It finds what it wants, in files of the machine's own.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  name=${setting%%=*}
  [ -e "/proc/sys/$name" ] || continue
  mkdir -p "$run/sys/${name%/*}"
  echo "${setting##*=}" >"$run/sys/$name"
  mount --bind "$run/sys/$name" "/proc/sys/$name"
done

# Packets are forwarded between pods, as a machine's operator would have it: settings of the machine's own network.
echo 1 >/proc/sys/net/ipv4/ip_forward
mount --make-rshared /
exec /sbin/init
