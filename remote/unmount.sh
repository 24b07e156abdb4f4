LC_ALL=C; export LC_ALL
while read -r _ at _; do
 at=$(printf %b "$at")
 case $at in "$1"/*) printf "%s\n" "$at"; esac
done </proc/self/mounts | sort -r | {
 failed=0
 while IFS= read -r at; do umount -- "$at" || failed=1; done
 exit $failed
}
