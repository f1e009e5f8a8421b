// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/interrupt.h>
#include <xen/events.h>
#include <xen/grant_table.h>
#include <xen/interface/io/ring.h>
#include <xen/xen.h>
#include <xen/xenbus.h>

#include "smoke.h"

DEFINE_RING_TYPES(smoke, u32, u64);

static irqreturn_t smoke_irq(int irq, void *data)
{
	struct smoke_front_ring *ring = data;
	u64 response;

	RING_COPY_RESPONSE(ring, ring->rsp_cons, &response);
	xen_irq_lateeoi(irq, response ? 0 : XEN_EOI_FLAG_SPURIOUS);
	return IRQ_HANDLED;
}

static int smoke_grants(struct xenbus_device *dev, struct page *page)
{
	struct page *own[1];
	grant_ref_t ref;
	int ret = gnttab_grant_foreign_access(dev->otherend_id, 0, 0);

	if (ret < 0)
		return ret;
	ref = ret;
	if (gnttab_end_foreign_access_ref(ref))
		gnttab_free_grant_reference(ref);
	else if (!gnttab_try_end_foreign_access(ref))
		gnttab_end_foreign_access(ref, page);
	else
		gnttab_end_foreign_access(ref, NULL);

	ret = xen_alloc_unpopulated_pages(1, own);
	if (!ret)
		xen_free_unpopulated_pages(1, own);
	return ret;
}

static int smoke_probe(struct xenbus_device *dev, const struct xenbus_device_id *id)
{
	struct smoke_front_ring *ring = dev_get_drvdata(&dev->dev);
	struct xenbus_transaction xbt;
	evtchn_port_t port;
	int ret;

	XEN_FRONT_RING_INIT(ring, ring->sring, PAGE_SIZE);
	ret = xenbus_transaction_start(&xbt);
	if (!ret)
		ret = xenbus_transaction_end(xbt, false);
	if (!ret)
		ret = xenbus_alloc_evtchn(dev, &port);
	if (!ret)
		ret = bind_evtchn_to_irqhandler_lateeoi(port, smoke_irq, 0,
							"smoke", ring);
	if (ret >= 0)
		ret = smoke_grants(dev, virt_to_page(ring->sring));
	return ret ?: smoke_drm(&dev->dev);
}

static void smoke_remove(struct xenbus_device *dev)
{
	if (xenbus_read_driver_state(dev, dev->otherend) == XenbusStateClosed)
		dev_info(&dev->dev, "gone\n");
}

static const struct xenbus_device_id smoke_ids[] = {
	{ "smoke" },
	{ "" },
};

static struct xenbus_driver smoke_driver = {
	.name = "smoke",
	.ids = smoke_ids,
	.probe = smoke_probe,
	.remove = smoke_remove,
	.allow_rebind = true,
	.not_essential = true,
};

int smoke_xen_register(void)
{
	return xenbus_register_frontend(&smoke_driver);
}

void smoke_xen_unregister(void)
{
	xenbus_unregister_driver(&smoke_driver);
}
