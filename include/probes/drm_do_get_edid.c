// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there drm_do_get_edid()? */
/* needs symbol: drm_do_get_edid */
#include <drm/drm_edid.h>

static struct edid *drm_do_get_edid_ask(struct drm_connector *connector,
		int (*read)(void *data, u8 *buf, unsigned int block, size_t len))
{
	return drm_do_get_edid(connector, read, NULL);
}
