/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* A copy of a picture, for a backend that cannot see the buffer itself. */
#ifndef XDF_SHADOW_H
#define XDF_SHADOW_H

#include <linux/crc32.h>
#include <drm/drm_rect.h>

#include "xdf_gem.h"

/* What the backend sees of a picture. Its memory comes and goes with each attachment. */
struct xdf_shadow {
	struct xdf_gem *gem;		/* the buffer that is drawn in */
	struct xdf_layout source;	/* where in @gem the picture lies */
	struct iosys_map map;		/* of @gem */
	u32 convert_from;		/* fourcc of @source, to XRGB8888; or 0 */
	u32 cpp;			/* bytes per pixel of the shadow */
	u32 pitch;			/* of the shadow, which begins at 0 */
	u32 size;			/* of the shadow in bytes, whole pages */
	struct xdf_mem *mem;		/* its memory when it is ours */
	/*
	 * page structures that stand for the backend's memory, mapped one by
	 * one; not to be mapped elsewhere, for which Xen asks a grant of its own
	 */
	struct page **backend_pages;
	struct gnttab_unmap_grant_ref *unmap_ops;	/* for each of them */
	u32 mapped;			/* so many of them are */
	struct page **pages;		/* of either, under the buffer's lock; or NULL */
};

bool xdf_shadow_can_map(void);
struct xdf_shadow *xdf_shadow_create(struct xdf_gem *gem, const struct xdf_layout *source);
void xdf_shadow_destroy(struct xdf_shadow *shadow);
int xdf_shadow_set_format(struct xdf_shadow *shadow, u32 convert_from);
int xdf_shadow_alloc(struct xdf_shadow *shadow);
int xdf_shadow_map(struct xdf_shadow *shadow, domid_t domid, const u32 *refs);
void xdf_shadow_release(struct xdf_shadow *shadow);
void xdf_shadow_update(struct xdf_shadow *shadow, const struct drm_rect *rect);
bool xdf_shadow_crc(struct xdf_shadow *shadow, u32 format, u32 *line, u32 *sum);
void xdf_shadow_panic(struct xdf_shadow *shadow);

#endif /* XDF_SHADOW_H */
