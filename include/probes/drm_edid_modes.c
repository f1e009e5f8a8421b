// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there drm_edid_connector_add_modes()? */
/* needs symbol: drm_edid_connector_add_modes */
#include <drm/drm_edid.h>

static int drm_edid_modes(struct drm_connector *connector)
{
	return drm_edid_connector_add_modes(connector);
}
