/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What XenStore and the backend say of a connector's monitor. */
#ifndef XDF_MONITOR_H
#define XDF_MONITOR_H

#include <linux/mutex.h>
#include <drm/drm_connector.h>

#include "xdf_channel.h"
#include "xdf_directory.h"
#include "xdf_link.h"

/* Sizes that the backend rejected; more than there are standard ones. */
#define XDF_MAX_REJECTED	64

/**
 * struct xdf_monitor - one connector's monitor
 * @link: the way to the backend
 * @index: the channel
 * @width: XenStore's, in pixels; 0 when it was of no use
 * @height: in lines
 * @lock: of @edid and @edid_size; none is taken below it
 * @edid: the monitor's own description, or NULL
 * @edid_size: octets of @edid
 * @rejected: sizes that this backend does not show, in turns
 * @rejections: number of entries made in @rejected
 * @told: so many of them the log knows of
 * @exhausted: every size is rejected: XenStore's is offered all the same
 * @answered: told at the end of a question; any context, must not sleep
 * @data: for @answered
 * @rq: the question
 * @room: for the answer, while there is a question
 * @grants: of @room
 * @dir: lists @grants
 *
 * @width, @height, @told and @exhausted are changed under the mode
 * configuration's mutex.
 */
struct xdf_monitor {
	struct xdf_link *link;
	unsigned int index;
	u32 width;
	u32 height;
	struct mutex lock;
	u8 *edid;
	int edid_size;
	u32 rejected[XDF_MAX_REJECTED];
	unsigned int rejections;
	unsigned int told;
	bool exhausted;
	void (*answered)(void *data);
	void *data;
	struct xdf_request rq;
	struct xdf_mem *room;
	struct xdf_grants *grants;
	struct xdf_directory *dir;
};

void xdf_monitor_init(struct xdf_monitor *monitor, struct xdf_link *link,
		      unsigned int index, void (*answered)(void *data),
		      void *data);
void xdf_monitor_fini(struct xdf_monitor *monitor);
bool xdf_monitor_renew(struct xdf_monitor *monitor);
int xdf_monitor_ask(struct xdf_monitor *monitor);
bool xdf_monitor_take(struct xdf_monitor *monitor,
		      struct drm_connector *connector);
int xdf_monitor_add_modes(struct xdf_monitor *monitor,
			  struct drm_connector *connector);
bool xdf_monitor_reject(struct xdf_monitor *monitor, u32 width, u32 height);
bool xdf_monitor_rejects(const struct xdf_monitor *monitor, u32 width,
			 u32 height);
void xdf_monitor_tell(struct xdf_monitor *monitor,
		      struct drm_connector *connector);

#endif /* XDF_MONITOR_H */
