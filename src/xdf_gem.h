/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Buffer objects. */
#ifndef XDF_GEM_H
#define XDF_GEM_H

#include <drm/drm_gem.h>

#include "xdf_grants.h"

struct xdf_gem {
	struct drm_gem_object base;
	size_t limit;			/* of pictures: dumb ones have a line to spare */
	struct xdf_mem *mem;		/* NULL when an import cannot be granted */
	struct dma_buf *dmabuf;		/* of an imported one, or NULL */
	struct sg_table *sgt;		/* likewise; NULL without its memory */
	struct mutex lock;		/* of @vaddr, and of its shadows' memory */
	void *vaddr;			/* from its first use on */
	struct xdf_grants *grants;	/* the pages' grants, while @shares is not 0 */
	unsigned int shares;		/* users of @grants */
};

#define to_xdf_gem(obj)	container_of(obj, struct xdf_gem, base)

int xdf_gem_dumb_create(struct drm_file *file, struct drm_device *drm,
			struct drm_mode_create_dumb *args);
struct drm_gem_object *
xdf_gem_import_sg_table(struct drm_device *drm, struct dma_buf_attachment *attach,
			struct sg_table *sgt);
struct drm_gem_object *xdf_gem_import(struct drm_device *drm, struct dma_buf *dmabuf);
struct xdf_mem *xdf_gem_alloc_mem(struct drm_device *drm, size_t size);
int xdf_gem_map_source(struct xdf_gem *gem, struct iosys_map *map);
void xdf_gem_unmap_source(struct xdf_gem *gem, struct iosys_map *map);
int xdf_gem_begin_read(struct xdf_gem *gem);
void xdf_gem_end_read(struct xdf_gem *gem);
struct xdf_grants *xdf_gem_share(struct xdf_gem *gem, domid_t domid);
void xdf_gem_unshare(struct xdf_gem *gem);

int xdf_gem_module_init(bool contiguous);
void xdf_gem_module_exit(void);

#endif /* XDF_GEM_H */
