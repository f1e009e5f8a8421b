// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Do a plane's hooks take the state of that plane? */
#include <drm/drm_modeset_helper_vtables.h>

static int drm_plane_own_state_fn(struct drm_plane *plane, struct drm_plane_state *state)
{
	return 0;
}

static struct drm_plane_helper_funcs drm_plane_own_state = {
	.atomic_check = drm_plane_own_state_fn,
};
