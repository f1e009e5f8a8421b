// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is a whole update called struct drm_atomic_commit? */
#include <drm/drm_atomic.h>

static size_t drm_atomic_commit_struct(void)
{
	return sizeof(struct drm_atomic_commit);
}
