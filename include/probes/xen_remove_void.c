// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does a xenbus driver's remove return nothing? */
#include <xen/xenbus.h>

static void xen_remove_void_fn(struct xenbus_device *dev)
{
}

static struct xenbus_driver xen_remove_void = {
	.remove = xen_remove_void_fn,
};
