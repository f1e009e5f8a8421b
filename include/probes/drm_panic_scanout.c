// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Can a plane offer its picture for the panic screen? */
#include <drm/drm_modeset_helper_vtables.h>

struct drm_scanout_buffer;
static int drm_panic_scanout_fn(struct drm_plane *plane, struct drm_scanout_buffer *sb)
{
	return 0;
}

static struct drm_plane_helper_funcs drm_panic_scanout = {
	.get_scanout_buffer = drm_panic_scanout_fn,
};
