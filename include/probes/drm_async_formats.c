// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does a plane say which formats it flips asynchronously? */
#include <drm/drm_plane.h>

static bool drm_async_formats_fn(struct drm_plane *plane, u32 format,
				 u64 modifier)
{
	return true;
}

static struct drm_plane_funcs drm_async_formats = {
	.format_mod_supported_async = drm_async_formats_fn,
};
