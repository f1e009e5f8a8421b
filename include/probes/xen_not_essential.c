// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Can a xenbus driver say that booting need not wait for it? */
#include <xen/xenbus.h>

static struct xenbus_driver xen_not_essential = {
	.not_essential = true,
};
