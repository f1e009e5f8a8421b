/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* One display device: from its connectors in XenStore to its end. */
#ifndef XDF_DEVICE_H
#define XDF_DEVICE_H

#include <drm/drm_device.h>

#include "xdf_backend.h"
#include "xdf_dbuf.h"
#include "xdf_kms.h"

/**
 * struct xdf_device - a display device
 * @drm: the DRM device; frees all of this with its last reference
 * @backend: the connection, which comes and goes
 * @dbufs: buffers and framebuffers
 * @count: number of outputs
 * @outputs: one for each connector that there may be, those in use first
 * @wq: unbound; waited for before the module goes
 * @registered: userspace may know it
 * @changed: makes the device fit the state of @backend
 * @answered: has the outputs look at what was attached
 * @hotplug: tells userspace that modes have changed
 * @hotplugs: how often it did
 * @reconfigure: reads the configuration again
 * @watch: of its directory in XenStore
 * @remove: what may wait for userspace when the device goes
 * @removed: completed by it
 */
struct xdf_device {
	struct drm_device drm;
	struct xdf_backend backend;
	struct xdf_dbufs dbufs;
	unsigned int count;
	struct xdf_output *outputs;
	struct workqueue_struct *wq;
	bool registered;
	struct work_struct changed;
	struct work_struct answered;
	struct work_struct hotplug;
	unsigned int hotplugs;
	struct work_struct reconfigure;
	struct xenbus_watch watch;
	struct work_struct remove;
	struct completion removed;
};

#define xdf_for_each_output(output, device)				\
	for ((output) = (device)->outputs;				\
	     (output) < (device)->outputs + (device)->count; (output)++)

struct xdf_device *xdf_device_create(struct xenbus_device *xdev,
				     struct workqueue_struct *wq);
void xdf_device_start(struct xdf_device *device);
void xdf_device_suspend(struct xdf_device *device);
void xdf_device_remove(struct xdf_device *device);

#endif /* XDF_DEVICE_H */
