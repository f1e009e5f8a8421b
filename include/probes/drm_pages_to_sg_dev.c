// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does drm_prime_pages_to_sg() take the device? */
#include <drm/drm_prime.h>

static struct sg_table *drm_pages_to_sg_dev(struct drm_device *dev, struct page **pages)
{
	return drm_prime_pages_to_sg(dev, pages, 1);
}
