// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there drm_client_setup(), and what it needs to draw through? */
/* needs symbol: drm_client_setup */
#include <drm/drm_drv.h>
#if __has_include(<drm/clients/drm_client_setup.h>)
#include <drm/clients/drm_client_setup.h>
#elif __has_include(<drm/drm_client_setup.h>)
#include <drm/drm_client_setup.h>
#endif

static void drm_client_setup_ask(struct drm_device *dev)
{
	drm_client_setup(dev, NULL);
}

static size_t drm_client_setup_probe(void)
{
	return sizeof(((struct drm_driver *)0)->fbdev_probe);
}
