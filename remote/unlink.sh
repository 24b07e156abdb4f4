LC_ALL=C; export LC_ALL
ip link show dev "$1" >/dev/null 2>&1 && { ip link delete dev "$1" || exit 1; }
left="KUBE-FIREWALL KUBE-KUBELET-CANARY KUBE-IPTABLES-HINT CNI-HOSTPORT-SETMARK CNI-HOSTPORT-MASQ CNI-HOSTPORT-DNAT"
for tables in iptables ip6tables; do
 command -v $tables >/dev/null || continue
 for table in filter nat mangle; do
  rules=$($tables -w -t $table -S 2>/dev/null) || continue
  for chain in $left; do
   printf "%s\n" "$rules" | grep -qx -e "-N $chain" || continue
   printf "%s\n" "$rules" | grep -e "-j $chain\$" | sed "s/^-A/-D/" | while IFS= read -r rule; do eval "$tables -w -t $table $rule"; done
   $tables -w -t $table -F $chain && $tables -w -t $table -X $chain || exit 1
  done
 done
done
command -v nft >/dev/null || exit 0
for family in ip ip6; do
 for table in filter nat mangle; do
  held=$(nft list table $family $table 2>/dev/null) || continue
  printf "%s\n" "$held" | grep -qvE "^#|^table |^[[:space:]]*(chain (INPUT|OUTPUT|FORWARD|PREROUTING|POSTROUTING) \{|type .* policy accept;|\}|)\$" ||
   nft delete table $family $table || exit 1
 done
done
exit 0
