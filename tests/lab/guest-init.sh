#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR MIT
# First program of a guest: file systems, then the agent on the console.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
/bin/busybox mkdir -p /proc /sys /dev /tmp /run /root /sys/kernel/debug
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mount -t tmpfs shm /dev/shm
mount -t debugfs debug /sys/kernel/debug
# Only what cannot wait goes to the console by itself; the agent sends the rest.
echo 1 > /proc/sys/kernel/printk
hostname guest
# The agent is restarted should it ever die.
while :; do
	/bin/guest-agent
	sleep 1
done
