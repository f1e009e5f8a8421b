// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there drm_fb_helper_lastclose()? */
/* needs symbol: drm_fb_helper_lastclose */
#include <drm/drm_fb_helper.h>

static void drm_fb_helper_lastclose_ask(void (**fn)(struct drm_device *dev))
{
	*fn = drm_fb_helper_lastclose;
}
