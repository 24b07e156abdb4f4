#!/usr/bin/env bash
# Installs what the tests (with --bench: the benchmarks too) need: Debian packages where they are missing, and commands
# that come as Go modules, built once into DIR. What cannot be installed is named, and the run fails.
#
#   test/install-tools.sh [--bench] DIR
set -euo pipefail

packages=(haproxy:haproxy sshd:openssh-server ssh:openssh-client openssl:openssl systemd-analyze:systemd strace:strace
  sudo:sudo)
if [ "${1:-}" = --bench ]; then
  shift
  packages+=(ansible:ansible sftp:openssh-client)
fi
dir=${1:?the directory for built tools}
PATH=$PATH:/usr/sbin:/sbin

missing=()
for entry in "${packages[@]}"; do
  command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
done

if [ ${#missing[@]} -gt 0 ]; then
  echo "installing: ${missing[*]}" >&2
  sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo -n)
  if ! command -v apt-get >/dev/null; then
    echo "missing, and this is no Debian or Ubuntu: install by hand: ${missing[*]}" >&2
    exit 1
  fi
  "${sudo[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# Built from modules, so that their versions are the ones this project speaks of.
mkdir -p "$dir"
cd "$(dirname "$0")/tools"
go build -o "$dir/" github.com/cloudflare/cfssl/cmd/cfssl github.com/cloudflare/cfssl/cmd/cfssljson \
  go.etcd.io/etcd/etcdctl/v3 ./kubectl
mv -f "$dir/v3" "$dir/etcdctl" 2>/dev/null || true

for entry in "${packages[@]}"; do
  command -v "${entry%%:*}" >/dev/null || { echo "still missing after installing: ${entry%%:*}" >&2; exit 1; }
done
for tool in cfssl cfssljson etcdctl kubectl; do
  [ -x "$dir/$tool" ] || { echo "failed to build $tool" >&2; exit 1; }
done
