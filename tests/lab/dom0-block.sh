#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR MIT
# xl's hotplug script for the disk of a guest. Xen's own takes locks and looks
# for other users of the disk, too slowly for xl's patience on this machine.
case $1 in
add)
	dev=$(xenstore-read "$XENBUS_PATH/params")
	xenstore-write "$XENBUS_PATH/physical-device" "$(stat -L -c %t:%T "$dev")" \
		"$XENBUS_PATH/physical-device-path" "$dev" "$XENBUS_PATH/hotplug-status" connected
	;;
esac
