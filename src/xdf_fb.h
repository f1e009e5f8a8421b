/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Framebuffers: what userspace names, and the parts of them that are shown. */
#ifndef XDF_FB_H
#define XDF_FB_H

#include <drm/drm_file.h>
#include <drm/drm_framebuffer.h>

#include "xdf_dbuf.h"

struct drm_framebuffer *
xdf_fb_create(struct xdf_dbufs *dbufs, struct drm_file *file, const struct drm_format_info *info,
	      const struct drm_mode_fb_cmd2 *cmd, const struct drm_framebuffer_funcs *funcs);
void xdf_fb_destroy(struct drm_framebuffer *base);
int xdf_fb_update(struct drm_framebuffer *base, const struct drm_clip_rect *clips,
		  unsigned int count);
void xdf_fb_pace(struct drm_framebuffer *base);
struct xdf_dbuf *xdf_fb_dbuf(struct drm_framebuffer *base, const struct xdf_layout *layout,
			     unsigned int crtc);

#endif /* XDF_FB_H */
