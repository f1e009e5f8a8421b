// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/bsearch.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_debugfs.h>
#include <drm/drm_drv.h>
#include <drm/drm_fbdev_ttm.h>
#include <drm/drm_file.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/drm_probe_helper.h>

#include "xdf_device.h"

/*
 * DRM's files should be gone from sysfs before the device is. Userspace that
 * sits in an ioctl on a page that never comes holds up nobody else for longer.
 */
#define REMOVE_WAIT	(3 * HZ)

/* Of a connector's node and one of those below it, in bytes. */
#define MAX_NAME	32

#define to_xdf_device(d)	container_of(d, struct xdf_device, drm)

/* The configuration */

static int config_cmp(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

/* The connectors' numbers: all directories with a number for a name; room for one too many. */
static int config_list_nodes(struct xenbus_device *xdev, u32 nodes[XDF_MAX_OUTPUTS + 1])
{
	unsigned int i, n, count = 0;
	char **names;

	names = xenbus_directory(XBT_NIL, xdev->nodename, "", &n);
	if (IS_ERR(names))
		return PTR_ERR(names);
	for (i = 0; i < n && count <= XDF_MAX_OUTPUTS; i++)
		count += !xdf_parse_index(names[i], &nodes[count]);
	kfree(names);
	if (count > XDF_MAX_OUTPUTS) {
		dev_err(&xdev->dev,
			"more than %u connectors (error %d): configure fewer for this guest\n",
			XDF_MAX_OUTPUTS, -E2BIG);
		return -E2BIG;
	}
	sort(nodes, count, sizeof(*nodes), config_cmp, NULL);
	return count;
}

static int config_read_nodes(struct xenbus_device *xdev, u32 *nodes)
{
	int i = 0, count = config_list_nodes(xdev, nodes);

	if (count < 0)
		return count;
	if (!count || nodes[0]) {
		dev_err(&xdev->dev,
			"no connector 0 in XenStore (%s/0, error %d): give connectors=ID:WIDTHxHEIGHT in the guest's vdispl configuration\n",
			xdev->nodename, -EINVAL);
		return -EINVAL;
	}
	while (i < count && nodes[i] == i)
		i++;
	if (i < count)
		dev_warn(&xdev->dev,
			 "connectors are not numbered without gaps (%u comes where %u should): using those that are there\n",
			 nodes[i], i);
	return count;
}

/* Reads a connector's size; leaves it alone when that is invalid. True when there is one. */
static bool config_read_resolution(struct xenbus_device *xdev, u32 node, bool required,
				   u32 *width, u32 *height)
{
	char name[MAX_NAME], *text;
	const char *shown;
	bool there;
	int ret;

	snprintf(name, sizeof(name), "%u/" DISPLIF_NODE_RESOLUTION, node);
	text = xenbus_read(XBT_NIL, xdev->nodename, name, NULL);
	there = !IS_ERR(text);
	ret = there ? xdf_parse_resolution(text, width, height) : PTR_ERR(text);
	shown = there ? text : "(none)";
	if (ret && (there || required))
		dev_err(&xdev->dev,
			"connector %u: resolution \"%*pE\" in XenStore is invalid (error %d): give WIDTHxHEIGHT, each 1 to %u; this connector stays %s\n",
			node, (int)strnlen(shown, XDF_MAX_LOGGED), shown, ret, XDF_MAX_SIDE,
			*width ? "as it is" : "off");
	if (there)
		kfree(text);
	return there;
}

static void config_check_id(struct xenbus_device *xdev, u32 node)
{
	char name[MAX_NAME], *id;

	snprintf(name, sizeof(name), "%u/" DISPLIF_NODE_UNIQUE_ID, node);
	id = xenbus_read(XBT_NIL, xdev->nodename, name, NULL);
	if (IS_ERR(id) || !*id)
		dev_warn(&xdev->dev,
			 "connector %u: no unique-id in XenStore: the backend may reject the display\n",
			 node);
	if (!IS_ERR(id))
		kfree(id);
}

/* That of a connector, or one that stands for none of XenStore's yet, or NULL. */
static struct xdf_output *display_find_output(struct xdf_device *device, u32 node)
{
	struct xdf_output *output;

	/* those in use come first */
	xdf_for_each_output(output, device)
		if (!output->used || output->scanout.channel.node == node)
			return output;
	return NULL;
}

/* Under mode_config.mutex. True when the backend has to bind its connectors again. */
static bool output_set(struct xdf_output *output, bool present, u32 width, u32 height)
{
	struct xdf_connector *c = &output->connector;
	bool news = c->channel->present != present;

	if (news) {
		drm_info(c->base.dev, "connector %u was %s\n", c->channel->node,
			 present ? "added" : "removed");
		smp_store_release(&c->channel->present, present); /* after its number */
		WRITE_ONCE(c->changed, true);
	}
	if (c->width == width && c->height == height)
		return news;
	if (width)
		drm_info(c->base.dev, "connector %u: %ux%u is preferred now\n",
			 c->channel->node, width, height);
	xdf_kms_set_size(output, width, height);
	xdf_connector_renew(c);
	WRITE_ONCE(c->changed, true);
	return news;
}

/* True when the backend has to bind its connectors again. */
static bool display_read_connector(struct xdf_device *device, u32 node)
{
	struct xdf_output *output = display_find_output(device, node);
	u32 width = output ? output->connector.width : 0;
	u32 height = output ? output->connector.height : 0;
	bool renew;

	/* a new one is complete when it has its size */
	if (!config_read_resolution(device->backend.xdev, node, false, &width, &height) &&
	    (!output || !output->used))
		return false;
	if (!output) {
		drm_warn(&device->drm,
			 "no room for connector %u (error %d): it works once the driver is loaded again, or after a reboot\n",
			 node, -ENOSPC);
		return false;
	}
	mutex_lock(&device->drm.mode_config.mutex);
	if (!output->used)
		output->scanout.channel.node = node;
	output->used = true;
	renew = output_set(output, true, width, height);
	mutex_unlock(&device->drm.mode_config.mutex);
	return renew;
}

/* The toolstack may write another resolution, add connectors, remove them: userspace is told. */
static void display_reconfigure(struct work_struct *work)
{
	struct xdf_device *device = container_of(work, struct xdf_device, reconfigure);
	u32 nodes[XDF_MAX_OUTPUTS + 1];
	struct xdf_output *output;
	bool renew = false;
	int i, count;

	count = config_list_nodes(device->backend.xdev, nodes);
	/* all nodes vanish when the device is detached */
	if (count <= 0)
		return;
	mutex_lock(&device->drm.mode_config.mutex);
	xdf_for_each_output(output, device)
		if (!bsearch(&output->scanout.channel.node, nodes, count, sizeof(*nodes),
			     config_cmp))
			renew |= output_set(output, false, 0, 0);
	mutex_unlock(&device->drm.mode_config.mutex);
	for (i = 0; i < count; i++)
		renew |= display_read_connector(device, nodes[i]);
	if (renew)
		xdf_backend_renew(&device->backend, "the toolstack changed its connectors");
	schedule_work(&device->hotplug);
}

static void display_watch(struct xenbus_watch *watch, const char *path, const char *token)
{
	struct xdf_device *device = container_of(watch, struct xdf_device, watch);
	const char *name = strrchr(path, '/');
	u32 node;

	/* most of what is written there is our own */
	if (name && strcmp(path, device->backend.xdev->nodename) &&
	    (!strcmp(name + 1, DISPLIF_NODE_RESOLUTION) || !xdf_parse_index(name + 1, &node)))
		schedule_work(&device->reconfigure);
}

/* Connecting */

static void display_hotplug(struct work_struct *work)
{
	struct xdf_device *device = container_of(work, struct xdf_device, hotplug);
	struct drm_mode_config *config = &device->drm.mode_config;
	struct xdf_output *output;
	bool changed = false;
	int idx;

	if (!READ_ONCE(device->registered) || !drm_dev_enter(&device->drm, &idx))
		return;
	WRITE_ONCE(device->hotplugs, device->hotplugs + 1);
	mutex_lock(&config->mutex);
	xdf_for_each_output(output, device)
		changed |= xdf_connector_update(&output->connector);
	/* for those who may look and not ask: sysfs, and all but the master */
	xdf_for_each_output(output, device) {
		if (!changed)
			break;
		drm_helper_probe_single_connector_modes(&output->connector.base, config->max_width,
							config->max_height);
		xdf_connector_log_rejected(&output->connector);
	}
	mutex_unlock(&config->mutex);
	if (changed)
		drm_kms_helper_hotplug_event(&device->drm);
	drm_dev_exit(idx);
}

/* The console waits for the backend to attach its framebuffer. */
static int display_publish(struct xdf_device *device)
{
	struct xdf_output *output;
	unsigned int hotplugs;
	int ret;

	mutex_lock(&device->drm.mode_config.mutex);
	xdf_for_each_output(output, device)
		xdf_connector_update(&output->connector);
	mutex_unlock(&device->drm.mode_config.mutex);
	ret = drm_dev_register(&device->drm, 0);
	if (ret)
		return ret;
	hotplugs = READ_ONCE(device->hotplugs);
	WRITE_ONCE(device->registered, true);
	drm_client_setup(&device->drm, NULL);
	/* before 6.5 a console that is being set up does not hear it */
	if (hotplugs != READ_ONCE(device->hotplugs))
		WRITE_ONCE(device->outputs->connector.changed, true);
	return 0;
}

/*
 * There is a backend, or it was lost: all that follows from it, in a straight
 * line. When that changes meanwhile every wait ends, and this runs once more.
 */
static void display_changed(struct work_struct *work)
{
	struct xdf_device *device = container_of(work, struct xdf_device, changed);
	struct xdf_backend *b = &device->backend;
	u32 epoch = READ_ONCE(b->epoch);
	struct xdf_output *output;
	unsigned long asked = 0;
	int ret;

	xdf_dbufs_forget(&device->dbufs);
	if (!xdf_backend_is_up(b))
		return;
	xdf_for_each_output(output, device) {
		if (xdf_connector_renew(&output->connector))
			WRITE_ONCE(output->connector.changed, true);
		if ((READ_ONCE(b->version) < 2 && !READ_ONCE(b->unversioned)) ||
		    !smp_load_acquire(&output->scanout.channel.present)) /* and its number */
			continue;
		xdf_connector_ask_edid(&output->connector, b, epoch);
		asked |= BIT(output - device->outputs);
	}
	/* what is shown comes first, before anybody attaches something new */
	xdf_for_each_output(output, device)
		xdf_scanout_up(&output->scanout, epoch);
	xdf_for_each_output(output, device)
		if (asked & BIT(output - device->outputs))
			xdf_connector_wait_edid(&output->connector);
	if (!xdf_backend_is_up(b) || READ_ONCE(b->epoch) != epoch)
		return;
	ret = device->registered ? 0 : display_publish(device);
	if (ret) {
		xdf_backend_fail(b, ret, "registering the device");
		return;
	}
	schedule_work(&device->hotplug);
	xdf_backend_ready(b, epoch);
}

static void display_answered(struct work_struct *work)
{
	struct xdf_device *device = container_of(work, struct xdf_device, answered);
	struct xdf_output *output;

	xdf_for_each_output(output, device)
		xdf_scanout_kick(&output->scanout);
}

/* Figures */

static int debugfs_show(struct seq_file *m, void *unused)
{
	static const char * const states[] = {
		[XDF_BACKEND_DOWN] = "waiting for the backend",
		[XDF_BACKEND_OFFERED] = "rings offered",
		[XDF_BACKEND_UP] = "connected",
		[XDF_BACKEND_GONE] = "gone",
	};
	struct drm_info_node *node = m->private;
	struct xdf_device *device = to_xdf_device(node->minor->dev);
	struct xdf_backend *b = &device->backend;
	struct xdf_output *output;

	seq_printf(m, "connection: %s\n", states[READ_ONCE(b->state)]);
	seq_printf(m, "protocol version: %u\n", READ_ONCE(b->version));
	seq_printf(m, "connections lost: %u\n", READ_ONCE(b->losses));
	seq_printf(m, "protocol errors: %u\n", READ_ONCE(b->faults));
	xdf_grants_print(m);
	xdf_dbufs_print(&device->dbufs, m);
	xdf_for_each_output(output, device) {
		struct xdf_connector *c = &output->connector;

		if (!smp_load_acquire(&c->channel->present)) /* and its number */
			continue;
		seq_printf(m, "\nconnector %u: %ux%u preferred, EDID of %u bytes\n",
			   c->channel->node, READ_ONCE(c->width),
			   READ_ONCE(c->height), READ_ONCE(c->edid_size));
		xdf_scanout_print(&output->scanout, m);
	}
	return 0;
}

static const struct drm_info_list debugfs_file = { "xen", debugfs_show, 0, NULL };

static void xdf_debugfs_init(struct drm_minor *minor)
{
	drm_debugfs_create_files(&debugfs_file, 1, minor->debugfs_root, minor);
}

/* From its beginning to its end */

DEFINE_DRM_GEM_FOPS(xdf_fops);

static const struct drm_driver xdf_driver = {
	.driver_features = DRIVER_GEM | DRIVER_MODESET | DRIVER_ATOMIC,
	.fops = &xdf_fops,
	.dumb_create = xdf_gem_dumb_create,
	.gem_prime_import = xdf_gem_import,
	.gem_prime_import_sg_table = xdf_gem_import_sg_table,
	.debugfs_init = xdf_debugfs_init,
	DRM_FBDEV_TTM_DRIVER_OPS,
	.name = "xendrm-du",
	.desc = "Xen para-virtual display",
	.major = 1,
	.minor = 0,
};

static void display_free(struct drm_device *drm, void *data)
{
	struct xdf_device *device = to_xdf_device(drm);
	struct xdf_output *output;

	cancel_work_sync(&device->answered);
	xdf_for_each_output(output, device) {
		kfree(output->connector.edid);
		kfree(output->connector.new_edid);
	}
}

/* What waits for userspace, which may take its time. */
static void display_remove(struct work_struct *work)
{
	struct xdf_device *device = container_of(work, struct xdf_device, remove);
	struct xdf_output *output;

	cancel_work_sync(&device->reconfigure);
	cancel_work_sync(&device->changed);
	xdf_for_each_output(output, device)
		xdf_crc_end(&output->scanout);
	if (device->registered)
		drm_dev_unplug(&device->drm);
	xdf_for_each_output(output, device)
		xdf_crc_fini(&output->scanout);
	cancel_work_sync(&device->hotplug);
	if (device->registered)
		drm_atomic_helper_shutdown(&device->drm);
	xdf_for_each_output(output, device)
		xdf_scanout_fini(&output->scanout);
	xdf_dbufs_forget(&device->dbufs);
	complete_all(&device->removed);
	drm_dev_put(&device->drm);
}

static struct xdf_device *display_new(struct xenbus_device *xdev, unsigned int count)
{
	struct xdf_device *device;
	unsigned int i;

	device = devm_drm_dev_alloc(&xdev->dev, &xdf_driver, struct xdf_device, drm);
	if (IS_ERR(device))
		return device;
	count = max_t(unsigned int, count, XDF_MIN_OUTPUTS);
	device->backend.count = count;
	INIT_WORK(&device->changed, display_changed);
	INIT_WORK(&device->answered, display_answered);
	INIT_WORK(&device->hotplug, display_hotplug);
	INIT_WORK(&device->reconfigure, display_reconfigure);
	INIT_WORK(&device->remove, display_remove);
	init_completion(&device->removed);
	/* before the mode configuration, which is cleaned up before it */
	device->outputs = drmm_kcalloc(&device->drm, count, sizeof(*device->outputs), GFP_KERNEL);
	device->backend.channels = drmm_kcalloc(&device->drm, count,
						sizeof(*device->backend.channels), GFP_KERNEL);
	if (!device->outputs || !device->backend.channels)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < count; i++)
		device->backend.channels[i] = &device->outputs[i].scanout.channel;
	return device;
}

/*
 * A device, not yet known to anybody. Freed with its driver's end, once no file
 * of userspace's is open. @wq is unbound, and waited for before the module goes.
 */
struct xdf_device *xdf_device_create(struct xenbus_device *xdev, struct workqueue_struct *wq)
{
	u32 nodes[XDF_MAX_OUTPUTS + 1];
	struct xdf_device *device;
	unsigned int usable = 0;
	int i, count, ret;

	count = config_read_nodes(xdev, nodes);
	if (count < 0)
		return ERR_PTR(count);
	device = display_new(xdev, count);
	if (IS_ERR(device))
		return device;
	ret = drmm_add_action_or_reset(&device->drm, display_free, NULL);
	if (!ret)
		ret = xdf_kms_init(&device->drm, device->outputs, device->backend.count,
				   &device->dbufs, &device->hotplug, wq);
	if (ret)
		return ERR_PTR(ret);
	xdf_backend_init(&device->backend, xdev, wq, &device->changed);
	xdf_dbufs_init(&device->dbufs, &device->drm, &device->backend, &device->answered,
		       xenbus_read_unsigned(xdev->nodename, DISPLIF_NODE_BE_ALLOC, 0) == 1);
	for (i = 0; i < count; i++) {
		struct xdf_output *output = &device->outputs[i];
		u32 width = 0, height = 0;

		config_read_resolution(xdev, nodes[i], true, &width, &height);
		config_check_id(xdev, nodes[i]);
		usable += !!width;
		output->used = true;
		output->scanout.channel.node = nodes[i];
		output->scanout.channel.present = true;
		xdf_kms_set_size(output, width, height);
	}
	if (!usable)
		return ERR_PTR(-EINVAL);
	dev_info(&xdev->dev, "%u of %d connectors usable\n", usable, count);
	return device;
}

/* Look for a backend, with which it becomes known. */
void xdf_device_start(struct xdf_device *device)
{
	struct xenbus_device *xdev = device->backend.xdev;

	xdf_backend_start(&device->backend);
	device->watch.node = xdev->nodename;
	device->watch.callback = display_watch;
	if (register_xenbus_watch(&device->watch)) {
		device->watch.node = NULL;
		dev_warn(&xdev->dev, "cannot watch XenStore: a new resolution is not noticed\n");
	}
}

/* A PV guest is not saved while it maps another domain's memory. */
void xdf_device_suspend(struct xdf_device *device)
{
	if (!device->dbufs.be_alloc)
		return;
	xdf_backend_suspend(&device->backend);
	xdf_dbufs_forget(&device->dbufs);
}

static int display_first_child(struct device *child, void *data)
{
	*(struct device **)data = get_device(child);
	return 1;
}

/*
 * DRM's files and the console's stay for as long as a process holds them up. They move away in
 * sysfs, which else removes them with the device, and complains when DRM does the same later.
 */
static void display_orphan_files(struct device *parent)
{
	struct device *child;

	while (device_for_each_child(parent, &child, display_first_child)) {
		int ret = device_move(child, NULL, DPM_ORDER_NONE);

		put_device(child);
		if (ret)
			return;
	}
}

/*
 * The device goes, files may stay open. Waits for userspace a moment only, not for the backend.
 * Context: may sleep; xenwatch, or whoever unbinds the driver.
 */
void xdf_device_remove(struct xdf_device *device)
{
	struct drm_device *drm = &device->drm;

	if (device->watch.node)
		unregister_xenbus_watch(&device->watch);
	xdf_backend_stop(&device->backend);
	/* for the work, and for the wait */
	drm_dev_get(drm);
	drm_dev_get(drm);
	queue_work(device->backend.wq, &device->remove);
	if (!wait_for_completion_timeout(&device->removed, REMOVE_WAIT)) {
		drm_warn(drm,
			 "a process holds up the end of the device (error %d): it follows when that process lets go\n",
			 -ETIMEDOUT);
		display_orphan_files(drm->dev);
	}
	drm_dev_put(drm);
}
