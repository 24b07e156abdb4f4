#!/bin/sh
# Plays systemd-modules-load(8): a module that is loaded has a directory below /sys/module.
root=${0%/usr/lib/*} PATH=/usr/bin:/bin
for file in "$root"/etc/modules-load.d/*.conf; do
  [ ! -e "$file" ] || while read -r module; do
    case $module in ""|"#"*) ;; *) mkdir -p "${root%/root}/kernel/sys/module/$module" ;; esac
  done <"$file"
done
