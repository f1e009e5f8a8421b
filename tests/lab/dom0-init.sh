#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR MIT
# First program of dom0's root: what xl needs, then the agent.
export PATH=/share/dom0:/usr/lib/xen-4.17/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mkdir -p /dev/pts /dev/shm /run/lock
mount -t devpts pts /dev/pts
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mkdir -p /run/lock /run/xen /run/xenstored /var/lib/xenstored /var/log/xen
mount -t tmpfs store /var/lib/xenstored
mount -t xenfs xenfs /proc/xen
# Without udev nobody makes these; xl's block script waits for ever for them.
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/0 /dev/stdin
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr
echo /sbin/modprobe-none > /proc/sys/kernel/modprobe
hostname dom0
ip link set lo up 2>/dev/null
ip address add 10.0.2.15/24 dev eth0 2>/dev/null
ip link set eth0 up 2>/dev/null
exec </dev/null >/share/logs/dom0-init.log 2>&1
xenstored --pid-file /run/xenstored.pid || echo "xenstored failed: $?"
xen-init-dom0 || echo "xen-init-dom0 failed: $?"
mkdir -p /share/logs/console
xenconsoled --log=guest --log-dir=/share/logs/console || echo "xenconsoled failed: $?"
while :; do
	python3 /share/dom0/dom0-agent.py
	sleep 1
done
