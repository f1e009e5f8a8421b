// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <drm/drm_drv.h>
#include <xen/platform_pci.h>
#include <xen/xen.h>
#include <xen/xenbus.h>

#include "displif_wire.h"
#include "xdf_config.h"
#include "xdf_crc.h"
#include "xdf_gem.h"
#include "xdf_grants.h"
#include "xdf_import.h"
#include "xdf_kms.h"
#include "xdf_view.h"

#define CREATE_TRACE_POINTS
#include "xdf_trace.h"

static unsigned int max_grants;
module_param(max_grants, uint, 0444);
MODULE_PARM_DESC(max_grants,
		 "Grant references for buffers on display, one for each 4 KiB (default 0: all but an eighth of what Xen allows the guest)");

static bool contiguous;
module_param(contiguous, bool, 0444);
MODULE_PARM_DESC(contiguous,
		 "Each buffer in one piece of memory, for backends whose hardware takes no other (default N); boot with cma=SIZE to set memory aside for them");

/**
 * struct xdf_device - what belongs to a device of xenbus
 * @xdev: the device
 * @card: its card
 * @watch: of its directory
 * @work: reads the configuration again
 */
struct xdf_device {
	struct xenbus_device *xdev;
	struct xdf_card *card;
	struct xenbus_watch watch;
	struct work_struct work;
};

static int xdf_node_cmp(const void *a, const void *b)
{
	const struct xdf_output_config *x = a, *y = b;

	return x->node < y->node ? -1 : x->node > y->node;
}

/* The connectors' numbers: all directories with a number for a name. */
static int xdf_list_nodes(struct xenbus_device *xdev,
			  struct xdf_output_config *configs)
{
	unsigned int i, n, count = 0;
	char **names;

	names = xenbus_directory(XBT_NIL, xdev->nodename, "", &n);
	if (IS_ERR(names))
		return PTR_ERR(names);
	for (i = 0; i < n; i++) {
		u32 node;

		if (xdf_parse_index(names[i], &node))
			continue;
		if (count == XDF_MAX_OUTPUTS) {
			dev_err(&xdev->dev,
				"more than %u connectors: configure fewer for this guest\n",
				XDF_MAX_OUTPUTS);
			kfree(names);
			return -E2BIG;
		}
		configs[count++].node = node;
	}
	kfree(names);
	sort(configs, count, sizeof(*configs), xdf_node_cmp, NULL);
	return count;
}

static int xdf_read_nodes(struct xenbus_device *xdev,
			  struct xdf_output_config *configs)
{
	int i, count = xdf_list_nodes(xdev, configs);

	if (count < 0)
		return count;
	if (!count || configs[0].node) {
		dev_err(&xdev->dev,
			"no connector 0 in XenStore (%s/0): give connectors=ID:WIDTHxHEIGHT in the guest's vdispl configuration\n",
			xdev->nodename);
		return -EINVAL;
	}
	for (i = 0; i < count; i++)
		if (configs[i].node != i) {
			dev_warn(&xdev->dev,
				 "connectors are not numbered without gaps (%u comes where %u should): using those that are there\n",
				 configs[i].node, i);
			break;
		}
	return count;
}

/* Reads one connector's size; leaves it alone when it is of no use. */
static void xdf_read_resolution(struct xenbus_device *xdev, const char *path,
				struct xdf_output_config *config)
{
	char *text = xenbus_read(XBT_NIL, path, DISPLIF_NODE_RESOLUTION, NULL);
	int ret;

	ret = IS_ERR(text) ? PTR_ERR(text) :
		xdf_parse_resolution(text, &config->width, &config->height);
	if (ret)
		dev_err(&xdev->dev,
			"connector %u: resolution \"%s\" in XenStore is not usable: give WIDTHxHEIGHT, each 1 to %u; this connector stays %s\n",
			config->node, IS_ERR(text) ? "(none)" : text,
			XDF_MAX_SIDE, config->width ? "as it is" : "off");
	if (!IS_ERR(text))
		kfree(text);
}

static void xdf_read_connector(struct xenbus_device *xdev,
			       struct xdf_output_config *config)
{
	char *path, *id;

	path = kasprintf(GFP_KERNEL, "%s/%u", xdev->nodename, config->node);
	if (!path)
		return;
	xdf_read_resolution(xdev, path, config);
	id = xenbus_read(XBT_NIL, path, DISPLIF_NODE_UNIQUE_ID, NULL);
	if (IS_ERR(id) || !*id)
		dev_warn(&xdev->dev,
			 "connector %u: no unique-id in XenStore: the backend may refuse the display\n",
			 config->node);
	if (!IS_ERR(id))
		kfree(id);
	kfree(path);
}

/*
 * The toolstack may write another resolution at any time, add connectors and
 * remove them.
 */
static void xdf_config_work(struct work_struct *work)
{
	struct xdf_device *xdd = container_of(work, struct xdf_device, work);
	struct xdf_output_config configs[XDF_MAX_OUTPUTS] = {};
	struct xenbus_device *xdev = xdd->xdev;
	int i, count, n = 0;

	count = xdf_list_nodes(xdev, configs);
	/* all nodes vanish when the device is detached */
	if (count <= 0)
		return;
	for (i = 0; i < count; i++) {
		struct xdf_output_config *config = &configs[n];
		char *path = kasprintf(GFP_KERNEL, "%s/%u", xdev->nodename,
				       configs[i].node);
		bool known, sized;

		if (!path)
			return;
		sized = xenbus_exists(XBT_NIL, path, DISPLIF_NODE_RESOLUTION) > 0;
		config->node = configs[i].node;
		known = xdf_kms_current(xdd->card, config);
		if (sized)
			xdf_read_resolution(xdev, path, config);
		/* a new one is complete when it has its size */
		if (known || sized)
			n++;
		kfree(path);
	}
	xdf_kms_configure(xdd->card, configs, n);
}

static void xdf_config_changed(struct xenbus_watch *watch, const char *path,
			       const char *token)
{
	struct xdf_device *xdd = container_of(watch, struct xdf_device, watch);
	const char *name = strrchr(path, '/');
	u32 node;

	/* most of what is written there is our own */
	if (!name || !strcmp(path, xdd->xdev->nodename))
		return;
	if (!strcmp(name + 1, DISPLIF_NODE_RESOLUTION) ||
	    !xdf_parse_index(name + 1, &node))
		schedule_work(&xdd->work);
}

static int xdf_probe(struct xenbus_device *xdev,
		     const struct xenbus_device_id *id)
{
	struct xdf_output_config configs[XDF_MAX_OUTPUTS] = {};
	unsigned int usable = 0;
	struct xdf_device *xdd;
	int i, count;

	xdd = devm_kzalloc(&xdev->dev, sizeof(*xdd), GFP_KERNEL);
	if (!xdd)
		return -ENOMEM;
	xdd->xdev = xdev;
	INIT_WORK(&xdd->work, xdf_config_work);
	count = xdf_read_nodes(xdev, configs);
	if (count < 0)
		goto err;
	for (i = 0; i < count; i++) {
		xdf_read_connector(xdev, &configs[i]);
		usable += !!configs[i].width;
	}
	if (!usable) {
		count = -EINVAL;
		goto err;
	}
	/* memory in one piece is asked for in the device's name */
	if (dma_coerce_mask_and_coherent(&xdev->dev, DMA_BIT_MASK(64)))
		dev_warn(&xdev->dev,
			 "no DMA mask: no buffer is physically contiguous\n");
	xdd->card = xdf_kms_create(xdev, configs, count,
				   xenbus_read_unsigned(xdev->nodename,
							DISPLIF_NODE_BE_ALLOC,
							0) == 1);
	if (IS_ERR(xdd->card)) {
		count = PTR_ERR(xdd->card);
		goto err;
	}
	dev_set_drvdata(&xdev->dev, xdd);
	dev_info(&xdev->dev, "%u of %d connectors usable\n", usable, count);
	xdf_link_start(&xdd->card->link);

	xdd->watch.node = xdev->nodename;
	xdd->watch.callback = xdf_config_changed;
	if (register_xenbus_watch(&xdd->watch)) {
		xdd->watch.node = NULL;
		dev_warn(&xdev->dev,
			 "cannot watch XenStore: a new resolution is not noticed\n");
	}
	return 0;

err:
	xenbus_dev_fatal(xdev, count, "setting up the display");
	return count;
}

static void xdf_remove(struct xenbus_device *xdev)
{
	struct xdf_device *xdd = dev_get_drvdata(&xdev->dev);

	if (xdd->watch.node)
		unregister_xenbus_watch(&xdd->watch);
	cancel_work_sync(&xdd->work);
	xdf_kms_remove(xdd->card);
}
COMPAT_XENBUS_REMOVE(xdf_remove);

/* A PV guest is not saved while it maps another domain's memory. */
static int xdf_suspend(struct xenbus_device *xdev)
{
	struct xdf_device *xdd = dev_get_drvdata(&xdev->dev);

	if (xdd->card->views.be_alloc)
		xdf_link_suspend(&xdd->card->link);
	return 0;
}

static int xdf_resume(struct xenbus_device *xdev)
{
	struct xdf_device *xdd = dev_get_drvdata(&xdev->dev);

	xdf_link_resume(&xdd->card->link);
	return 0;
}

static void xdf_backend_changed(struct xenbus_device *xdev,
				enum xenbus_state state)
{
	struct xdf_device *xdd = dev_get_drvdata(&xdev->dev);

	/* the current state counts, not the one that was seen to pass */
	xdf_link_backend_changed(&xdd->card->link);
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
	.remove = COMPAT_FN(xdf_remove),
	.suspend = xdf_suspend,
	.resume = xdf_resume,
	.otherend_changed = xdf_backend_changed,
	COMPAT_XENBUS_DRIVER_FIELDS
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
	ret = xdf_grants_init(max_grants);
	if (ret)
		return ret;
	xdf_gem_module_init(contiguous);
	ret = xdf_import_module_init();
	if (ret)
		goto err_grants;
	ret = xdf_view_module_init();
	if (ret)
		goto err_import;
	ret = xdf_crc_module_init();
	if (ret)
		goto err_view;
	/*
	 * With an owner the bus would pin the module while there is a device,
	 * and "modprobe -r" would never work. Clients pin it by themselves.
	 */
	ret = __xenbus_register_frontend(&xdf_xenbus_driver, NULL,
					 KBUILD_MODNAME);
	if (ret)
		goto err_crc;
	return 0;

err_crc:
	xdf_crc_module_exit();
err_view:
	xdf_view_module_exit();
err_import:
	xdf_import_module_exit();
err_grants:
	xdf_grants_exit();
	return ret;
}
module_init(xdf_init);

static void __exit xdf_exit(void)
{
	xenbus_unregister_driver(&xdf_xenbus_driver);
	/* before the views, which its last readers hold */
	xdf_crc_module_exit();
	xdf_view_module_exit();
	xdf_import_module_exit();
	xdf_grants_exit();
}
module_exit(xdf_exit);

MODULE_DESCRIPTION("Xen para-virtual display frontend");
MODULE_AUTHOR("The xen-drm-front maintainers");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION("0.1.0");
MODULE_ALIAS("xen:" DISPLIF_XENBUS_TYPE);
