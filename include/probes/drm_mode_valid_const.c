// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is the mode that a connector judges constant? */
#include <drm/drm_modeset_helper_vtables.h>

static enum drm_mode_status drm_mode_valid_const_fn(struct drm_connector *connector,
						    const struct drm_display_mode *mode)
{
	return MODE_OK;
}

static struct drm_connector_helper_funcs drm_mode_valid_const = {
	.mode_valid = drm_mode_valid_const_fn,
};
