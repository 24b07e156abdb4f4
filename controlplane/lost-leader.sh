#!/bin/sh
# A write that etcd was passing on to its leader is gone with that leader, and whoever waits for it is told so after seven
# seconds only. So when etcd has lost its leader and has another, whoever is connected to this host's API server is
# disconnected, and asks again at once. A lead that is handed over loses nothing, and nobody is disconnected: there, too, a
# member may be without a leader for a moment, but who takes over does not ask first whether it might (a pre-vote).
# Written by hardway; etcd says what becomes of its leader in its log. Started anew, it misses nothing of the last two seconds.
lost= asked=0
journalctl --follow --since -2s --output cat --unit etcd.service | while read -r said; do
  case $said in
  *MsgPreVote* | *pre-candidate*) asked=$(date +%s) ;;
  *" lost leader "*) lost=1 ;;
  *" elected leader "*)
    [ -z "$lost" ] || [ $(($(date +%s) - asked)) -gt 10 ] ||
      echo "etcd lost its leader and has another: $(ss -HtnK state established 'sport = :6443' | wc -l) connections are closed"
    lost= ;;
  esac
done
