// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there drm_gem_is_imported()? */
#include <drm/drm_gem.h>

static bool drm_gem_imported(const struct drm_gem_object *obj)
{
	return drm_gem_is_imported(obj);
}
