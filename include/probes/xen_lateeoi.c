// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Are there event channels whose end of interrupt the driver sends? */
/* needs symbol: bind_evtchn_to_irqhandler_lateeoi */
/* needs symbol: xen_irq_lateeoi */
#include <xen/events.h>

static int xen_lateeoi(int irq)
{
	xen_irq_lateeoi(irq, 0);
	return bind_evtchn_to_irqhandler_lateeoi(1, NULL, 0, "", NULL);
}
