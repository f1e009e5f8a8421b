/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Connectors: their modes, by EDID or by the resolution in XenStore. */
#ifndef XDF_CONNECTOR_H
#define XDF_CONNECTOR_H

#include <drm/drm_connector.h>

#include "xdf_backend.h"

/* Sizes that the backend rejected; more than there are standard ones. */
#define XDF_MAX_REJECTED	64

/*
 * What XenStore and the backend say of a monitor.
 * @width to @edid_size, @told and @exhausted are changed under mode_config.mutex.
 */
struct xdf_connector {
	struct drm_connector base;
	struct xdf_channel *channel;	/* the way to the backend */
	struct work_struct *hotplug;	/* queued when modes were rejected */
	u32 width;			/* XenStore's, in pixels; 0: disconnected */
	u32 height;			/* in lines */
	u8 *edid;			/* the monitor's, checked */
	u32 edid_size;			/* in bytes; 0: it has none */
	u8 *new_edid;			/* until xdf_connector_update(), or NULL */
	u32 rejected[XDF_MAX_REJECTED];	/* width << 16 | height, in turns */
	unsigned int rejections;	/* number of entries made in @rejected */
	unsigned int told;		/* so many of them the log knows of */
	bool changed;			/* the modes are others now */
	bool exhausted;			/* all are rejected: XenStore's is offered */
	struct xdf_request rq;		/* GET_EDID */
	struct xdf_grants *grants;	/* memory for the answer, while it is asked for */
	struct xdf_grants *dir;		/* lists @grants */
};

#define to_xdf_connector(c)	container_of(c, struct xdf_connector, base)

bool xdf_connector_renew(struct xdf_connector *c);
void xdf_connector_ask_edid(struct xdf_connector *c, struct xdf_backend *b, u32 epoch);
void xdf_connector_wait_edid(struct xdf_connector *c);
bool xdf_connector_update(struct xdf_connector *c);
int xdf_connector_add_modes(struct xdf_connector *c);
void xdf_connector_reject(struct xdf_connector *c, u32 width, u32 height);
bool xdf_connector_rejects(const struct xdf_connector *c, u32 width, u32 height);
void xdf_connector_log_rejected(struct xdf_connector *c);

#endif /* XDF_CONNECTOR_H */
