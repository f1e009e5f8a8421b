// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there drm_gem_plane_helper_prepare_fb()? */
/* needs symbol: drm_gem_plane_helper_prepare_fb */
#if __has_include(<drm/drm_gem_atomic_helper.h>)
#include <drm/drm_gem_atomic_helper.h>
#endif

static int drm_plane_prepare_fb(struct drm_plane *plane, struct drm_plane_state *state)
{
	return drm_gem_plane_helper_prepare_fb(plane, state);
}
