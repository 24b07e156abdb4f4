limit=$1; shift
LC_ALL=C; export LC_ALL
command -v systemd-socket-activate >/dev/null || { echo "systemd-socket-activate is not on the host" >&2; exit 127; }
ports=; for a; do ports="$ports $(printf %04X "${a##*:}")"; shift; set -- "$@" -l "$a"; done
timeout "$limit" systemd-socket-activate "$@" sleep "$limit" </dev/null >/dev/null &
pid=$!
trap 'kill $pid 2>/dev/null; wait $pid 2>/dev/null' EXIT
trap 'exit 1' HUP INT TERM
tries=0
for port in $ports; do
 until grep -q ":$port 0*:0000 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null; do
  case $(cat "/proc/$pid/stat" 2>/dev/null) in *") Z "*|"") exit 1; esac
  tries=$((tries+1)); [ $tries -lt 100 ] || { echo "nothing listens yet" >&2; exit 1; }
  sleep 0.05
 done
done
echo listening
cat >/dev/null
exit 0
