/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Connectors: their modes, by EDID or by the resolution in XenStore. */
#ifndef XDF_CONNECTOR_H
#define XDF_CONNECTOR_H

#include <drm/drm_connector.h>

#include "xdf_backend.h"

/* Sizes that the backend rejected; more than there are standard ones. */
#define XDF_MAX_REJECTED	64

/* An EDID of the backend's; of 0 bytes when it has none. */
struct xdf_edid {
	u32 size;
	u8 data[];
};

/**
 * struct xdf_connector - what XenStore and the backend say of a monitor
 * @base: DRM's
 * @channel: the way to the backend
 * @hotplug: queued when modes were rejected
 * @width: XenStore's, in pixels; 0 when it was invalid: disconnected
 * @height: in lines
 * @edid: the monitor's, or NULL
 * @new_edid: the backend's last answer, until xdf_connector_update()
 * @rejected: sizes that this backend does not show, in turns
 * @rejections: number of entries made in @rejected
 * @told: so many of them the log knows of
 * @changed: the modes are others now
 * @edid_size: for figures
 * @exhausted: every size is rejected: XenStore's is offered all the same
 * @rq: GET_EDID
 * @grants: memory for the answer, while it is asked for
 * @dir: lists @grants
 *
 * @width to @edid, @told and @exhausted are changed under mode_config.mutex.
 */
struct xdf_connector {
	struct drm_connector base;
	struct xdf_channel *channel;
	struct work_struct *hotplug;
	u32 width;
	u32 height;
	struct xdf_edid *edid;
	struct xdf_edid *new_edid;
	u32 rejected[XDF_MAX_REJECTED];
	unsigned int rejections;
	unsigned int told;
	bool changed;
	u32 edid_size;
	bool exhausted;
	struct xdf_request rq;
	struct xdf_grants *grants;
	struct xdf_grants *dir;
};

static inline struct xdf_connector *to_xdf_connector(struct drm_connector *base)
{
	return container_of(base, struct xdf_connector, base);
}

void xdf_connector_fini(struct xdf_connector *c);
bool xdf_connector_renew(struct xdf_connector *c);
void xdf_connector_ask_edid(struct xdf_connector *c, struct xdf_backend *b,
			    u32 epoch);
void xdf_connector_wait_edid(struct xdf_connector *c);
bool xdf_connector_update(struct xdf_connector *c);
int xdf_connector_add_modes(struct xdf_connector *c);
void xdf_connector_reject(struct xdf_connector *c, u32 width, u32 height);
bool xdf_connector_rejects(const struct xdf_connector *c, u32 width, u32 height);
void xdf_connector_log_rejected(struct xdf_connector *c);

#endif /* XDF_CONNECTOR_H */
