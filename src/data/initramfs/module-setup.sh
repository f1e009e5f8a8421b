#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# shellcheck disable=SC2154 # dracut sets the variables
#
# A module of dracut: an image that asks for a passphrase, or has a boot splash, needs
# the display and its keyboard. One that takes the kernels' own drivers for displays
# needs ours, too, or the kernel's own would be there first.

check() {
	local module

	# a kernel that it is not built for has its own driver, or none
	modinfo -k "$kernel" xen_drm_front &>/dev/null || return 255
	for module in plymouth crypt systemd-cryptsetup drm; do
		! dracut_module_included "$module" || return 0
	done
	return 255
}

installkernel() {
	# whatever runs here at present
	hostonly='' instmods xen_drm_front xen-kbdfront
}

install() {
	# which of the two is first
	inst_simple /usr/lib/modprobe.d/xen-drm-front.conf
}
