// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is an event channel returned as evtchn_port_t? */
#include <xen/events.h>
#include <xen/xenbus.h>

static void xen_alloc_evtchn_port(int (**fn)(struct xenbus_device *dev, evtchn_port_t *port))
{
	*fn = xenbus_alloc_evtchn;
}
