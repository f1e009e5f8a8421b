// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does a CRTC's state say in a flag of its own not to wait for the vblank? */
#include <drm/drm_crtc.h>

static bool drm_async_flip(struct drm_crtc_state *state)
{
	return state->async_flip;
}
