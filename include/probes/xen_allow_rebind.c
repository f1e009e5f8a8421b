// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Can a xenbus driver ask to be bound again? */
#include <xen/xenbus.h>

static struct xenbus_driver xen_allow_rebind = {
	.allow_rebind = true,
};
