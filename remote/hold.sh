unit=$1 limit=$2
LC_ALL=C; export LC_ALL
command -v setsid >/dev/null || { echo "setsid is not on the host" >&2; exit 127; }
pid=$(systemctl show --property MainPID --value -- "$unit") || exit 1
[ "$pid" -gt 1 ] || { echo "$unit is not running" >&2; exit 1; }
timer='trap "" HUP INT TERM
exec 4<&0; echo ready >&3; exec 3>&-
read -r word || exit 0
sleep "$2" & sleeper=$!
{ read -r word; kill -KILL $sleeper; } <&4 & reader=$!
wait $sleeper
kill -CONT "$1"; kill -KILL $reader'
exec 3>&1
{
 read -r word && [ "$word" = stop ] || exit 0
 echo "$word" && kill -STOP "$pid" || exit 1
 echo holding >&3
 read -r word
 kill -CONT "$pid"
} | {
 setsid sh -c "$timer" hardway-hold "$pid" "$limit" <&4 >/dev/null 2>&1 &
} 4<&0
exit 0
