// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there drm_rect_init()? */
#include <drm/drm_rect.h>

static void drm_rect_init_ask(struct drm_rect *rect)
{
	drm_rect_init(rect, 0, 0, 1, 1);
}
