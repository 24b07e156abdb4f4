#!/bin/sh
# Unmounts the hierarchies of control groups that were not there when the machine began to boot.
awk '$3 == "cgroup" {print $2}' /proc/mounts | while read -r hierarchy; do
  grep -qxF "$hierarchy" /run/hardway-lab/cgroups || umount "$hierarchy"
done
