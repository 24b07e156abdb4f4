#!/bin/sh
# Plays systemd-sysctl(8): a setting is a file below /proc/sys.
root=${0%/usr/lib/*} PATH=/usr/bin:/bin
for file in "$root"/etc/sysctl.d/*.conf; do
  [ ! -e "$file" ] || while IFS=" =" read -r name value; do
    case $name in ""|"#"*) continue ;; esac
    setting="${root%/root}/kernel/proc/sys/$(echo "$name" | tr . /)"
    mkdir -p "${setting%/*}" && echo "$value" >"$setting"
  done <"$file"
done
