#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
#
# guest-root.sh BASE WORK IMAGE [DEB]: makes the disk of the demo's guest: the
# cached root BASE with a package installed by apt, as a file system image;
# its kernel and initramfs go beside it, into IMAGE.boot.
# To be run by `unshare --mount --pid --fork --kill-child`, so that no mount stays.

set -euo pipefail

base=$1 work=$2 image=$3 deb=${4:-}

mount --make-rprivate /
rm -rf "$work"
mkdir -p "$work"/{upper,work,root}
if ! mount -t overlay overlay -o "lowerdir=$base,upperdir=$work/upper,workdir=$work/work" \
	"$work/root" 2>/dev/null; then
	# no overlay on this file system: a copy does it too
	cp -a --reflink=auto "$base/." "$work/root/"
fi
root=$work/root
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sys "$root/sys"
mount -t tmpfs tmp "$root/tmp"
mount -t devpts pts "$root/dev/pts"

if [[ -n $deb ]]; then
	cp "$deb" "$root/tmp/"
	# services are not to start in here
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod +x "$root/usr/sbin/policy-rc.d"
	DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$root" \
		apt-get install -y -q "/tmp/${deb##*/}"
	rm "$root/usr/sbin/policy-rc.d"
fi
rm -rf "$image.boot"
cp -r "$root/boot" "$image.boot"
umount "$root/dev/pts" "$root/tmp" "$root/sys" "$root/proc"

used=$(du -sxm "$root" | cut -f1)
rm -f "$image"
/sbin/mke2fs -q -t ext4 -O ^has_journal -E lazy_itable_init=1 -d "$root" "$image" "$((used + used / 5 + 400))M"
