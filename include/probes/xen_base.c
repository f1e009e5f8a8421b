// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What no kernel with a usable Xen frontend lacks. */
/* required: the xenbus and grant interface of Linux 4.18 */
#include <xen/events.h>
#include <xen/grant_table.h>
#include <xen/xenbus.h>

static int xen_base(struct xenbus_device *dev, grant_ref_t *head)
{
	gnttab_grant_foreign_access_ref(gnttab_claim_grant_reference(head),
					dev->otherend_id, 0, 0);
	return xenbus_switch_state(dev, XenbusStateInitialised);
}
