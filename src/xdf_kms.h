/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Planes, CRTCs, connectors, and how they are committed. */
#ifndef XDF_KMS_H
#define XDF_KMS_H

#include <drm/drm_encoder.h>

#include "xdf_scanout.h"

/* DRM names CRTCs in masks of 32 bits. */
#define XDF_MAX_OUTPUTS		32
/* At least so many are made: none can be made once userspace knows the device. */
#define XDF_MIN_OUTPUTS		4

/* One connector with all that belongs to it. */
struct xdf_output {
	struct xdf_dbufs *dbufs;
	bool used;			/* XenStore has had its connector */
	struct xdf_connector connector;	/* what users see */
	struct xdf_scanout scanout;	/* what it shows */
	struct drm_plane plane;
	struct drm_crtc crtc;
	struct drm_encoder encoder;
};

int xdf_kms_init(struct drm_device *drm, struct xdf_output *outputs, unsigned int count,
		 struct xdf_dbufs *dbufs, struct work_struct *hotplug, struct workqueue_struct *wq);
void xdf_kms_set_size(struct xdf_output *output, u32 width, u32 height);

#endif /* XDF_KMS_H */
