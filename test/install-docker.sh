#!/usr/bin/env bash
# Sees to it that Docker answers, for labs of machines: installs it where it is missing, with what makes an image where no
# registry answers, and starts a daemon of the lab's own where none runs. On standard error it says what it did, and how to
# undo it; where nothing is to do it says nothing.
#
# No setting of the kernel is changed: the daemon does not switch the forwarding of packets on, which machines of one
# network do not need to reach each other. A daemon that runs already is taken as it is.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
state=/var/lib/hardway-lab
root=()
[ "$(id -u)" = 0 ] || root=(sudo -n)

say() { echo "$*" >&2; }
answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

install_missing() {
  local missing=() entry
  for entry in dockerd:docker.io debootstrap:debootstrap; do
    command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
  done
  [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
  # Debian 13 has Docker's command in a package of its own.
  if ! command -v docker >/dev/null && [ -n "$(apt-cache search --names-only '^docker-cli$' 2>/dev/null)" ]; then
    missing+=(docker-cli)
  fi
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null; then
    say "missing, and this is no Debian or Ubuntu: install Docker by hand, and start it"
    exit 1
  fi
  say "installing: ${missing[*]}    (undo: apt-get purge ${missing[*]})"
  without_starting apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# without_starting runs what installs packages, without a daemon of theirs being started: Debian's would switch forwarding on.
without_starting() {
  local policy=/usr/sbin/policy-rc.d ours=
  if [ ! -e "$policy" ]; then
    ours=yes
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" install -m 0755 /dev/stdin "$policy"
  fi
  "${root[@]}" apt-get update -qq
  local code=0
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive "$@" >/dev/null || code=$?
  [ -z "$ours" ] || "${root[@]}" rm -f "$policy"
  [ $code = 0 ] || exit $code
  if [ -d /run/systemd/system ]; then
    "${root[@]}" systemctl disable --quiet docker.service docker.socket || true
  fi
}

start_daemon() {
  "${root[@]}" install -d -m 0711 "$state"
  printf '{"data-root": "%s", "exec-root": "%s", "pidfile": "%s", "ip-forward": false}\n' \
    "$state/docker" /run/hardway-lab-docker /run/hardway-lab-docker.pid | "${root[@]}" install -m 0644 /dev/stdin "$state/daemon.json"
  "${root[@]}" sh -c "PATH='$PATH' setsid dockerd --config-file '$state/daemon.json' >>'$state/dockerd.log' 2>&1 </dev/null &"
  local waited
  for waited in $(seq 60); do
    if [ -e /run/hardway-lab-docker.pid ] && "${root[@]}" docker version >/dev/null 2>&1; then
      say "started dockerd (process $(cat /run/hardway-lab-docker.pid)): its data is in $state/docker, its log is $state/dockerd.log"
      say "stop it: ${root[*]} kill \$(cat /run/hardway-lab-docker.pid)    remove it: ${root[*]} rm -rf $state"
      return
    fi
    sleep 0.5
  done
  say "dockerd does not answer; the end of $state/dockerd.log:"
  "${root[@]}" tail -n 20 "$state/dockerd.log" >&2
  exit 1
}

answers && command -v debootstrap >/dev/null && exit
install_missing
answers || start_daemon
if ! answers; then
  say "Docker runs, but $(id -un) may not use it: sudo usermod -aG docker $(id -un), and log in again"
  exit 1
fi
