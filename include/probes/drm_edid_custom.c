// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there drm_edid_read_custom()? */
/* needs symbol: drm_edid_read_custom */
#include <drm/drm_edid.h>

static const struct drm_edid *drm_edid_custom(struct drm_connector *connector,
		int (*read)(void *data, u8 *buf, unsigned int block, size_t len))
{
	const struct drm_edid *edid = drm_edid_read_custom(connector, read, NULL);

	drm_edid_connector_update(connector, edid);
	return edid;
}
