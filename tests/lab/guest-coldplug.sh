#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR MIT
# What udev does at boot: load the modules of all devices by their aliases.
for f in /sys/bus/pci/devices/*/modalias /sys/bus/xen/devices/*/modalias; do
	[ -e "$f" ] && cat "$f"
done | sort -u | while read -r alias; do
	modprobe -q "$alias" || :
done
