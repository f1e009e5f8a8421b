// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does xenbus_read_driver_state() take the device? */
#include <xen/xenbus.h>

static enum xenbus_state xen_read_state_dev(struct xenbus_device *dev)
{
	return xenbus_read_driver_state(dev, dev->otherend);
}
