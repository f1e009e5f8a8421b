// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does a card's end free what was made for it? */
/* needs symbol: __devm_drm_dev_alloc */
/* needs symbol: __drmm_add_action_or_reset */
#include <drm/drm_drv.h>
#include <drm/drm_mode_config.h>
#if __has_include(<drm/drm_managed.h>)
#include <drm/drm_managed.h>
#endif

#ifndef devm_drm_dev_alloc
#error "no devm_drm_dev_alloc"
#endif

static int drm_managed(struct drm_device *dev, void (*fn)(struct drm_device *dev, void *data))
{
	if (!drmm_kcalloc(dev, 1, 1, GFP_KERNEL))
		return -1;
	return drmm_add_action_or_reset(dev, fn, NULL) + drmm_mode_config_init(dev);
}
