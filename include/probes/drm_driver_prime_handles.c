// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does a driver name the functions between handles and descriptors? */
/* needs symbol: drm_gem_prime_handle_to_fd */
/* needs symbol: drm_gem_prime_fd_to_handle */
#include <drm/drm_drv.h>
#include <drm/drm_prime.h>

static struct drm_driver drm_driver_prime_handles = {
	.prime_handle_to_fd = drm_gem_prime_handle_to_fd,
	.prime_fd_to_handle = drm_gem_prime_fd_to_handle,
};
