/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The card as clients see it. */
#ifndef XDF_KMS_H
#define XDF_KMS_H

#include <drm/drm_connector.h>
#include <drm/drm_crtc.h>
#include <drm/drm_device.h>
#include <drm/drm_encoder.h>
#include <drm/drm_plane.h>

#include "xdf_head.h"
#include "xdf_link.h"
#include "xdf_monitor.h"
#include "xdf_view.h"

/* DRM names CRTCs in masks of 32 bits. */
#define XDF_MAX_OUTPUTS		32
/* So many are made at least, because none can be made once clients know the card. */
#define XDF_MIN_OUTPUTS		4
/* Of an output that stands for no connector of XenStore's yet. */
#define XDF_NO_NODE		U32_MAX

/**
 * struct xdf_output_config - what XenStore says of one connector
 * @node: its number there
 * @width: in pixels; 0 when the resolution is of no use
 * @height: in lines
 */
struct xdf_output_config {
	u32 node;
	u32 width;
	u32 height;
};

/**
 * struct xdf_output - one connector with all that belongs to it
 * @card: whose
 * @node: its number in XenStore, or XDF_NO_NODE
 * @present: XenStore has it
 * @monitor: asked anew of every backend; without a width it is disconnected
 * @head: what it shows
 * @plane: primary
 * @crtc: its one CRTC
 * @encoder: its one encoder
 * @connector: what users see
 */
struct xdf_output {
	struct xdf_card *card;
	u32 node;
	bool present;
	struct xdf_monitor monitor;
	struct xdf_head head;
	struct drm_plane plane;
	struct drm_crtc crtc;
	struct drm_encoder encoder;
	struct drm_connector connector;
};

/**
 * struct xdf_card - a display device
 * @drm: the DRM device; frees the card with its last reference
 * @link: the connection, which comes and goes
 * @views: pictures
 * @count: number of outputs
 * @outputs: one for each channel of the link, those in use first
 * @hotplug_mode_update: property of connectors whose preferred mode changes
 * @registered: clients may know it
 * @asking: monitors asked and not answered, plus one while asking
 * @registering: makes the card known
 * @hotplug: tells clients that modes have changed
 * @told: how often it did
 */
struct xdf_card {
	struct drm_device drm;
	struct xdf_link link;
	struct xdf_views views;
	unsigned int count;
	struct xdf_output *outputs;
	struct drm_property *hotplug_mode_update;
	bool registered;
	atomic_t asking;
	struct work_struct registering;
	struct work_struct hotplug;
	unsigned int told;
};

#define xdf_for_each_output(output, card)				\
	for ((output) = (card)->outputs;				\
	     (output) < (card)->outputs + (card)->count; (output)++)

struct xdf_card *xdf_kms_create(struct xenbus_device *xdev,
				const struct xdf_output_config *configs,
				unsigned int count, bool be_alloc);
void xdf_kms_configure(struct xdf_card *card,
		       const struct xdf_output_config *configs,
		       unsigned int count);
bool xdf_kms_current(struct xdf_card *card, struct xdf_output_config *config);
void xdf_kms_remove(struct xdf_card *card);

#endif /* XDF_KMS_H */
