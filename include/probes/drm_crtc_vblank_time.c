// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is a CRTC asked for the time of its last vblank? */
#include <drm/drm_crtc.h>

static bool drm_crtc_vblank_time_fn(struct drm_crtc *crtc, int *max_error,
				    ktime_t *time, bool in_vblank_irq)
{
	return true;
}

static struct drm_crtc_funcs drm_crtc_vblank_time = {
	.get_vblank_timestamp = drm_crtc_vblank_time_fn,
};
