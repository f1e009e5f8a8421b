/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* One display device: from its connectors in XenStore to its end. */
#ifndef XDF_DEVICE_H
#define XDF_DEVICE_H

#include "xdf_kms.h"

struct xdf_device {
	struct drm_device drm;		/* its last reference frees all of this */
	struct xdf_backend backend;	/* the connection, which comes and goes */
	struct xdf_dbufs dbufs;
	struct xdf_output *outputs;	/* one for each channel of @backend, those in use first */
	bool registered;		/* userspace may know it */
	struct work_struct changed;	/* makes the device fit the state of @backend */
	struct work_struct answered;	/* has the outputs look at what was attached */
	struct work_struct hotplug;	/* tells userspace that modes have changed */
	unsigned int hotplugs;		/* how often it did */
	struct work_struct reconfigure;	/* reads the configuration again */
	struct xenbus_watch watch;	/* of its directory in XenStore */
	struct work_struct remove;	/* waits for userspace when it goes */
	struct completion removed;	/* completed by it */
};

#define xdf_for_each_output(output, device)				\
	for ((output) = (device)->outputs;				\
	     (output) < (device)->outputs + (device)->backend.count; (output)++)

struct xdf_device *xdf_device_create(struct xenbus_device *xdev, struct workqueue_struct *wq);
void xdf_device_start(struct xdf_device *device);
void xdf_device_suspend(struct xdf_device *device);
void xdf_device_remove(struct xdf_device *device);

#endif /* XDF_DEVICE_H */
