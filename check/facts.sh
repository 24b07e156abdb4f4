root=$1 name=$2 data=$3; shift 3
LC_ALL=C PATH=$PATH:$root/usr/sbin:$root/sbin; export LC_ALL PATH
clock() { echo "clock $(date +%s.%N)"; }
clock
line() { [ -e "$root$2" ] || return 0
 if { IFS= read -r v <"$root$2"; } 2>/dev/null || [ -r "$root$2" ]; then printf "%s %s\n" "$1" "$v"; else printf "denied %s %s\n" "${1%% *}" "$2"; fi; v=; }
line hostname /proc/sys/kernel/hostname
line machine-id /etc/machine-id
line cpus /sys/devices/system/cpu/online
line selinux /sys/fs/selinux/enforce
echo "arch $(uname -m)"
echo "user $(id -u)"
for s in net/ipv4/ip_forward net/ipv6/conf/all/forwarding net/bridge/bridge-nf-call-iptables net/bridge/bridge-nf-call-ip6tables; do line "sysctl $s" "/proc/sys/$s"; done
while read -r k v rest; do case $k in MemTotal:|MemAvailable:) echo "memory ${k%:} $v"; esac; done <"$root/proc/meminfo"
{ while read -r file kind size used rest; do case $file in /*) echo "swap $file $kind $size $used"; esac; done <"$root/proc/swaps"; } 2>/dev/null
for m in br_netfilter overlay; do [ ! -d "$root/sys/module/$m" ] || echo "module $m"; done
{ while read -r a b; do case "$a$b" in overlay|nodevoverlay) echo "module overlay"; esac; done <"$root/proc/filesystems"; } 2>/dev/null
if [ -e "$root/sys/fs/cgroup/cgroup.controllers" ]; then echo "cgroup 2"; elif [ -d "$root/sys/fs/cgroup" ]; then echo "cgroup 1"; fi
[ ! -d "$root/run/systemd/system" ] || echo booted
version() { command -v "$1" >/dev/null || return 0
 v=$("$@" 2>&1) || v=
 printf "version %s %s\n" "$1" "$(printf "%s\n" "$v" | { IFS= read -r first; printf "%s" "$first"; })"; }
version systemctl --version
version haproxy -v
version keepalived --version
version curl --version
version containerd --version
version crio --version
version dockerd --version
version ip -V
version systemd-socket-activate --version
for u in firewalld ufw nftables; do [ "$(systemctl is-active $u 2>/dev/null)" != active ] || echo "active $u"; done
{ while IFS= read -r v; do case $v in ENABLED=yes) echo "active ufw-rules"; esac; done <"$root/etc/ufw/ufw.conf"; } 2>/dev/null
for u in $(systemctl list-units --type=swap --no-legend --plain 2>/dev/null | cut -d " " -f 1); do printf "swapunit %s\n" "$u"; done
for p in "$root"/etc/kubernetes/manifests/*.yaml; do [ ! -e "$p" ] || printf "path %s\n" "${p#"$root"}"; done
for p in /etc/kubernetes/admin.conf /var/lib/etcd/member /var/lib/hardway/manifest.json /var/lib/rancher /etc/rancher /var/lib/k0s /var/snap/microk8s /var/lib/kubelet/config.yaml; do [ ! -e "$root$p" ] && [ ! -L "$root$p" ] || printf "path %s\n" "$p"; done
for p in /run/containerd/containerd.sock /run/crio/crio.sock /run/haproxy/admin.sock /run/systemd/journal/stdout /run/dbus/system_bus_socket; do [ ! -S "$root$p" ] || echo "socket $p"; done
for d in "$root"/sys/class/net/*; do [ -e "$d/address" ] || continue
 read -r mac <"$d/address"; read -r mtu <"$d/mtu"; printf "device %s %s %s\n" "${d##*/}" "$mtu" "${mac:-none}"; done
for to; do printf "route %s " "$to"; { ip -o route get "$to" 2>&1 || echo; } | { IFS= read -r v; printf "%s\n" "$v"; }; done
[ -z "$name" ] || getent ahosts "$name" | while read -r a kind rest; do [ "$kind" != STREAM ] || echo "resolved $a"; done
{ while read -r k v rest; do [ "$k" != nameserver ] || echo "nameserver $v"; done <"$root/etc/resolv.conf"; } 2>/dev/null
inodes=
for table in tcp tcp6; do
 [ -r "$root/proc/net/$table" ] || continue
 listens=$(grep " 0A " "$root/proc/net/$table" | while read -r n here there state queue timer retry uid timeout inode rest; do echo "listen $here $inode"; done)
 [ -z "$listens" ] || printf "%s\n" "$listens"
 for w in $listens; do case $w in listen|*:*) ;; *) inodes="$inodes -e socket:[$w]"; esac; done
done
holders() { ls -l "$root/" "$root"/proc/[0-9]*/fd/ 2>/dev/null | grep -F -e "/fd/:" $inodes | while IFS= read -r v; do
 case $v in "$root"/proc/*) p=${v%/fd/:}; continue; esac
 { IFS= read -r comm <"$p/comm"; unit=-
 while IFS= read -r g; do case $g in *.service|*.service/*) unit=${g%%.service*}.service; unit=${unit##*/}; esac; done <"$p/cgroup"; } 2>/dev/null || continue
 v=${v##*socket:[}; printf "holder %s %s %s %s\n" "${v%]}" "${p##*/}" "$unit" "$comm"
done; }
[ -z "$inodes" ] || holders
near() { d=$1; while [ ! -d "$root$d" ]; do d=${d%/*}; done; printf "%s\n" "${d:-/}"; }
if [ -n "$data" ]; then dir=$(near "$data")
 df -Pk -- "$root$dir" | { read -r head; read -r dev size used free rest; printf "disk %s %s %s\n" "$dir" "$size" "$free"; }
fi
if [ -n "$data" ] && [ ! -e "$root$data/member" ]; then
 if f=$(mktemp "$root${dir%/}/.hardway-fsync.XXXXXX" 2>/dev/null); then
  exec 3<>"$f"; rm -f -- "$f"; i=0
  while [ $i -lt 100 ]; do i=$((i+1))
   v=$(dd if=/dev/zero of=/proc/self/fd/3 bs=2300 count=1 seek=$i conv=notrunc oflag=dsync 2>&1) || break
   v=${v##*copied, }; echo "fsync ${v%% *}"; done
  exec 3>&-
 else printf "denied fsync %s\n" "$dir"; fi
fi
clock
echo end
