// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Has dropping a buffer without a lock a name of its own? */
#include <drm/drm_gem.h>

static void drm_gem_put_unlocked(struct drm_gem_object *obj)
{
	drm_gem_object_put_unlocked(obj);
}
