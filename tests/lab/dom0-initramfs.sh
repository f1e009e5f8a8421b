#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# dom0's first program: modules in order, the disk, the directory of the host.
/bin/busybox mkdir -p /proc /sys /dev /root
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
while read -r module; do
	/bin/busybox insmod "/modules/$module" ||
		/bin/busybox echo "dom0: cannot load $module"
done < /modules/order
for _ in 1 2 3 4 5 6 7 8 9 10; do
	[ -b /dev/vda ] && break
	/bin/busybox sleep 0.5
done
# The disk is used with QEMU's -snapshot: written to, and forgotten.
/bin/busybox mount -t ext4 -o rw,noatime /dev/vda /root || {
	/bin/busybox echo "dom0: no root file system"
	/bin/busybox sleep 5
	/bin/busybox poweroff -f
}
/bin/busybox mkdir -p /root/share /root/cache
/bin/busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288 share /root/share
/bin/busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,ro,cache=loose cache /root/cache
for d in proc sys dev; do
	/bin/busybox mount -o move /$d /root/$d
done
# a link to what is there in the root only
[ ! -L /root/sbin/init ] || exec /bin/busybox switch_root /root /sbin/init
exec /bin/busybox switch_root /root /bin/sh /share/dom0/dom0-init.sh
