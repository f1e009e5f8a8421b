// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <drm/drm_drv.h>
#include <xen/platform_pci.h>
#include <xen/xen.h>

#include "xdf_device.h"

#define CREATE_TRACE_POINTS
#include "xdf_trace.h"

static unsigned int max_grants;
module_param(max_grants, uint, 0444);
MODULE_PARM_DESC(max_grants,
		 "Grant references for buffers on display, one for each 4 KiB (default 0: all but an eighth of what Xen allows the guest)");

static bool contiguous;
module_param(contiguous, bool, 0444);
MODULE_PARM_DESC(contiguous,
		 "Physically contiguous buffers, for backends whose hardware takes no other (default N); boot with cma=SIZE to set memory aside for them");

/* Everything that may wait, for the backend or for userspace. */
static struct workqueue_struct *xdf_wq;

/*
 * xenbus calls on xenwatch, its thread, for which disks' drivers may wait: no
 * allocation there waits for a disk.
 */
static int xdf_probe(struct xenbus_device *xdev, const struct xenbus_device_id *id)
{
	unsigned int noio = memalloc_noio_save();
	struct xdf_device *device;
	int ret = 0;

	/* contiguous memory is asked for in the device's name */
	if (dma_coerce_mask_and_coherent(&xdev->dev, DMA_BIT_MASK(64)))
		dev_warn(&xdev->dev, "no DMA mask: no buffer is physically contiguous\n");
	device = xdf_device_create(xdev, xdf_wq);
	if (IS_ERR(device)) {
		ret = PTR_ERR(device);
		xenbus_dev_fatal(xdev, ret, "setting up the display");
	} else {
		dev_set_drvdata(&xdev->dev, device);
		xdf_device_start(device);
	}
	memalloc_noio_restore(noio);
	return ret;
}

static void xdf_remove(struct xenbus_device *xdev)
{
	unsigned int noio = memalloc_noio_save();

	xdf_device_remove(dev_get_drvdata(&xdev->dev));
	memalloc_noio_restore(noio);
}

static int xdf_suspend(struct xenbus_device *xdev)
{
	unsigned int noio = memalloc_noio_save();

	xdf_device_suspend(dev_get_drvdata(&xdev->dev));
	memalloc_noio_restore(noio);
	return 0;
}

static int xdf_resume(struct xenbus_device *xdev)
{
	struct xdf_device *device = dev_get_drvdata(&xdev->dev);

	xdf_backend_resume(&device->backend);
	return 0;
}

static void xdf_backend_state_changed(struct xenbus_device *xdev, enum xenbus_state state)
{
	struct xdf_device *device = dev_get_drvdata(&xdev->dev);

	/* the current state counts, not the one that was seen to pass */
	xdf_backend_changed(&device->backend);
}

static const struct xenbus_device_id xdf_ids[] = {
	{ DISPLIF_XENBUS_TYPE },
	{ "" }
};

static struct xenbus_driver xdf_xenbus_driver = {
	/* else the in-tree driver's name would be taken, the device's type */
	.name = "xen_drm_front",
	.ids = xdf_ids,
	.probe = xdf_probe,
	.remove = xdf_remove,
	.suspend = xdf_suspend,
	.resume = xdf_resume,
	.otherend_changed = xdf_backend_state_changed,
	.allow_rebind = true,
	.not_essential = true,
};

static int __init xdf_init(void)
{
	int ret;

	if (!xen_domain() || !xen_has_pv_devices())
		return -ENODEV;
	if (drm_firmware_drivers_only()) {
		pr_info("xen_drm_front: not loaded: \"nomodeset\" is on the kernel's command line\n");
		return -ENODEV;
	}
	xdf_wq = alloc_workqueue("xen-drm-front", WQ_UNBOUND, 0);
	if (!xdf_wq)
		return -ENOMEM;
	ret = xdf_grants_init(max_grants);
	if (ret)
		goto err_wq;
	ret = xdf_gem_module_init(contiguous);
	if (ret)
		goto err_grants;
	/*
	 * With an owner xenbus would pin the module while there is a device, and
	 * "modprobe -r" would never work. Open files pin it by themselves.
	 */
	ret = __xenbus_register_frontend(&xdf_xenbus_driver, NULL, KBUILD_MODNAME);
	if (ret)
		goto err_gem;
	return 0;

err_gem:
	xdf_gem_module_exit();
err_grants:
	xdf_grants_exit();
err_wq:
	destroy_workqueue(xdf_wq);
	return ret;
}
module_init(xdf_init);

static void __exit xdf_exit(void)
{
	xenbus_unregister_driver(&xdf_xenbus_driver);
	/* devices end there, and then what they had */
	flush_workqueue(xdf_wq);
	destroy_workqueue(xdf_wq);
	xdf_gem_module_exit();
	xdf_grants_exit();
}
module_exit(xdf_exit);

MODULE_DESCRIPTION("Xen para-virtual display frontend");
MODULE_AUTHOR("The xen-drm-front maintainers");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION("0.1.0");
MODULE_ALIAS("xen:" DISPLIF_XENBUS_TYPE);
