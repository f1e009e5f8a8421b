// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Do a CRTC's hooks take the state of that CRTC? */
#include <drm/drm_modeset_helper_vtables.h>

static void drm_crtc_own_state_fn(struct drm_crtc *crtc, struct drm_crtc_state *state)
{
}

static struct drm_crtc_helper_funcs drm_crtc_own_state = {
	.atomic_flush = drm_crtc_own_state_fn,
	.atomic_enable = drm_crtc_own_state_fn,
};
