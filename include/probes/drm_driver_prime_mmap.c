// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does a driver have a hook to map its exported buffers? */
#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>

static struct drm_driver drm_driver_prime_mmap = {
	.gem_prime_mmap = drm_gem_prime_mmap,
};
