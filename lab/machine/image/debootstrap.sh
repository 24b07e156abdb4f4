#!/bin/sh
# Makes the root file system of a machine out of Debian's packages, as a compressed tar on standard output; what it does is
# said on standard error. Needs debootstrap and root.
#
#   debootstrap.sh RECIPE [MIRROR]        RECIPE is the directory this stands in; MIRROR is debootstrap's own where none is given
set -eu
recipe=$1
mirror=${2:-}

root=$(mktemp -d "${TMPDIR:-/var/tmp}/hardway-lab-root.XXXXXX")
trap 'rm -rf --one-file-system "$root"' EXIT
trap 'exit 1' HUP INT TERM
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e "$keyring" ] || { echo "missing $keyring: install debian-archive-keyring" >&2; exit 1; }
debootstrap --variant=minbase --keyring="$keyring" --include="$(paste -sd, "$recipe/packages")" bookworm "$root" ${mirror:+"$mirror"} >&2
mkdir -p "$root/usr/local/lib/hardway-lab"
cp -r "$recipe/." "$root/usr/local/lib/hardway-lab/"
chroot "$root" sh /usr/local/lib/hardway-lab/provision.sh >&2
tar -C "$root" --numeric-owner --sort=name -c . | gzip -1
