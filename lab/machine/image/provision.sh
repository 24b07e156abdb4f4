#!/bin/sh
# What makes a machine of an installed Debian: runs once, inside of it, while its image is made.
set -eu
here=/usr/local/lib/hardway-lab

# A machine has no console, no network to configure, no clock and no kernel of its own.
systemctl mask systemd-firstboot.service systemd-sysctl.service systemd-modules-load.service systemd-udevd.service \
  systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service systemd-timesyncd.service \
  getty.target console-getty.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
# Each watches files, and all machines share what their kernel lets root watch with: nobody sits in front of them.
systemctl mask systemd-logind.service user@.service user-runtime-dir@.service
# Installed, and started by nobody yet.
systemctl disable containerd.service haproxy.service keepalived.service nftables.service
install -m 0644 "$here/hardway-lab-cgroups.service" /etc/systemd/system/
systemctl enable hardway-lab-cgroups.service ssh.service
chmod 0755 "$here"/*.sh
install -d -m 0700 /etc/kubernetes/kubelet.conf.d
install -m 0600 "$here/kubelet.conf" /etc/kubernetes/kubelet.conf.d/10-machine.conf

# Whoever is not root goes through sudo.
useradd --create-home --shell /bin/bash admin
echo 'admin ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/admin
chmod 0440 /etc/sudoers.d/admin

# Each machine is given its own.
rm -f /etc/ssh/ssh_host_* /etc/hostname /var/lib/dbus/machine-id
: >/etc/machine-id
rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb /var/log/apt /var/log/bootstrap.log /var/log/dpkg.log
