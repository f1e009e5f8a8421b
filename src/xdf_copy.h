/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* A picture's second home, for a backend that cannot have the first. */
#ifndef XDF_COPY_H
#define XDF_COPY_H

#include <drm/drm_rect.h>

#include "xdf_config.h"
#include "xdf_foreign.h"
#include "xdf_gem.h"

/**
 * struct xdf_copy - what the backend sees of a picture
 * @gem: the buffer that clients draw in; the owner's to hold
 * @source: where in @gem the picture lies
 * @convert_from: DRM fourcc of @source when the copy is in XRGB8888 instead, or 0
 * @cpp: bytes per pixel of the copy
 * @pitch: octets from line to line in the copy, which begins at 0
 * @size: of the copy in octets, whole pages
 * @map: of @gem
 * @mem: the copy's memory when it is ours
 * @foreign: the copy's memory when it is the backend's
 * @pages: of either
 */
struct xdf_copy {
	struct xdf_gem *gem;
	struct xdf_layout source;
	u32 convert_from;
	u32 cpp;
	u32 pitch;
	u32 size;
	struct iosys_map map;
	struct xdf_mem *mem;
	struct xdf_foreign *foreign;
	struct page **pages;
};

struct xdf_copy *xdf_copy_create(struct xdf_gem *gem,
				 const struct xdf_layout *source,
				 u32 convert_from);
int xdf_copy_alloc(struct xdf_copy *copy);
int xdf_copy_map(struct xdf_copy *copy, domid_t domid, const u32 *refs);
void xdf_copy_destroy(struct xdf_copy *copy);
void xdf_copy_update(struct xdf_copy *copy, const struct drm_rect *rect);
void xdf_copy_read(const struct xdf_copy *copy, u32 from, void *to, u32 len);
void xdf_copy_panic(struct xdf_copy *copy);

#endif /* XDF_COPY_H */
