LC_ALL=C; export LC_ALL
ip link show dev "$1" >/dev/null 2>&1 && { ip link delete dev "$1" || exit 1; }
left="KUBE-FIREWALL KUBE-KUBELET-CANARY KUBE-IPTABLES-HINT CNI-HOSTPORT-SETMARK CNI-HOSTPORT-MASQ CNI-HOSTPORT-DNAT"
for tables in iptables ip6tables; do
 command -v $tables >/dev/null || continue
 for table in filter nat mangle; do
  rules=$($tables -w -t $table -S 2>/dev/null) || continue
  for chain in $left; do
   printf "%s\n" "$rules" | grep -qx -e "-N $chain" || continue
   # A comment in a rule is whoever's who made it: no shell reads it.
   uses=$(printf "%s\n" "$rules" | grep -e "^-A .*-j $chain\$" | sed "s/^-A/-D/") &&
    { printf "*%s\n%s\nCOMMIT\n" "$table" "$uses" | $tables-restore -w --noflush || exit 1; }
   $tables -w -t $table -F $chain && $tables -w -t $table -X $chain && rules=$($tables -w -t $table -S) || exit 1
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
