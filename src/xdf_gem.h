/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Buffer objects. */
#ifndef XDF_GEM_H
#define XDF_GEM_H

#include <drm/drm_gem.h>
#include <linux/mutex.h>

#include "xdf_grants.h"

/**
 * struct xdf_gem - a buffer in system memory
 * @base: the GEM object
 * @pages: its pages, there as long as the object is
 * @npages: their number
 * @lock: of what follows
 * @vaddr: kernel mapping, while @vmaps is not 0
 * @vmaps: users of @vaddr
 * @grants: the pages' grants, while @shares is not 0
 * @shares: users of @grants
 */
struct xdf_gem {
	struct drm_gem_object base;
	struct page **pages;
	unsigned int npages;
	struct mutex lock;
	void *vaddr;
	unsigned int vmaps;
	struct xdf_grants *grants;
	unsigned int shares;
};

static inline struct xdf_gem *to_xdf_gem(struct drm_gem_object *obj)
{
	return container_of(obj, struct xdf_gem, base);
}

int xdf_gem_dumb_create(struct drm_file *file, struct drm_device *drm,
			struct drm_mode_create_dumb *args);
struct xdf_grants *xdf_gem_share(struct xdf_gem *gem, domid_t domid);
void xdf_gem_unshare(struct xdf_gem *gem);

#endif /* XDF_GEM_H */
