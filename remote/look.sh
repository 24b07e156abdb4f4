n=$1 m=$2; shift 2
LC_ALL=C; export LC_ALL
paths() { [ $# -gt 0 ] || return 0
 stat -L -c "P %f %s %U:%G %n" -- "$@" 2>/dev/null
 sha256sum -- "$@" 2>/dev/null | sed "s/^/S /"
 for p; do if [ -d "$p" ] && [ -z "$(ls -A -- "$p")" ]; then printf "E %s\n" "$p"; fi; done; }
units() { [ $# -gt 0 ] || return 0
 show=$(systemctl show -p Id,LoadState,ActiveState,SubState,UnitFileState,MainPID,NeedDaemonReload -- "$@" 2>/dev/null) || return 0
 printf "%s\n" "$show" | sed "s/^/U /"
 for pid in $(printf "%s\n" "$show" | sed -n "s/^MainPID=\([1-9][0-9]*\)$/\1/p"); do
  printf "I %s %s\n" "$pid" "$(tr "\000" "\n" <"/proc/$pid/environ" 2>/dev/null | sed -n "s/^HARDWAY_INPUTS=//p")"; done; }
owners() { for o; do getent passwd "${o%%:*}" | sed "s/^/A /"; getent group "${o##*:}" | sed "s/^/G /"; done; }
i=0; all=$#
split() { k=$1 lo=$2 hi=$3; shift 3; i=0; out=; for a; do i=$((i+1)); if [ $i -gt $lo ] && [ $i -le $hi ]; then set -- "$@" "$a"; fi; done; shift $all; "$k" "$@"; }
split paths 0 "$n" "$@"; split units "$n" $((n+m)) "$@"; split owners $((n+m)) "$all" "$@"
exit 0
