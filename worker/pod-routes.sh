#!/bin/sh
# Keeps this host's routes to the pods of other nodes, and the masquerading of what its own pods send out of the pod
# network, as two files say. It looks again when told to (SIGHUP) and every ten seconds: whoever restarts a host's network
# or firewall may take both away. Told to stop, it takes both off again.
routes=/etc/hardway/pod-routes          # as `ip -batch` reads it
masquerade=/etc/hardway/pod-masquerade.nft
protocol=104                            # marks the routes that are kept here: see `ip route show proto 104`

standing() {
  { ip -4 route show proto $protocol; ip -6 route show proto $protocol; } |
    sed "s/^\([^ ]* via [^ ]*\).*/route replace \1 proto $protocol/" | sort
}

unwanted() { standing | grep -vxFf "$1" | sed 's/^route replace/route delete/'; }

keep_routes() {
  [ "$(standing)" = "$(sort "$routes")" ] && return
  unwanted "$routes" | ip -force -batch -
  ip -force -batch "$routes"
}

keep_masquerade() {
  for family in ip ip6; do
    if grep -qsx "table $family hardway" "$masquerade"; then
      [ -z "$told" ] && nft list table $family hardway >/dev/null 2>&1 || missing=1
    else
      nft delete table $family hardway 2>/dev/null
    fi
  done
  [ -z "$missing" ] || nft -f "$masquerade"
  missing=
}

off() {
  unwanted /dev/null | ip -force -batch -
  for family in ip ip6; do nft delete table $family hardway 2>/dev/null; done
}

changed=1 missing=
trap 'changed=1' HUP
trap 'off; exit 0' TERM
while :; do
  told=$changed changed= # told again from here on, it looks again
  keep_routes
  keep_masquerade
  [ -n "$changed" ] || { sleep 10 & wait $!; }
done
