// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is a plane told that the panic screen is drawn? */
#include <drm/drm_modeset_helper_vtables.h>

static void drm_panic_flush_fn(struct drm_plane *plane)
{
}

static struct drm_plane_helper_funcs drm_panic_flush = {
	.panic_flush = drm_panic_flush_fn,
};
