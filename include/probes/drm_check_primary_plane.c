// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there drm_atomic_helper_check_crtc_primary_plane()? */
/* needs symbol: drm_atomic_helper_check_crtc_primary_plane */
#include <drm/drm_atomic_helper.h>

static int drm_check_primary_plane(struct drm_crtc_state *state)
{
	return drm_atomic_helper_check_crtc_primary_plane(state);
}
