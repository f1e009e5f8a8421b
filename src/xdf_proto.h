/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What needs no kernel: XenStore's values, messages, formats, EDIDs, vblanks. */
#ifndef XDF_PROTO_H
#define XDF_PROTO_H

#include "displif_wire.h"
#include "xdf_port.h"

struct drm_display_mode;

/* XenStore's values, and the arithmetic of sizes */

/* The largest side of a display: what a 32-bit buffer size still carries. */
#define XDF_MAX_SIDE		16384
/*
 * The smallest side of a display with a text console: the larger one of the kernel's largest
 * font (16x32), which may be turned. On a screen below one letter it draws beyond the buffer.
 */
#define XDF_MIN_CONSOLE_SIDE	32
#define XDF_DEFAULT_HZ		60
/* Of a text from XenStore, in the log. */
#define XDF_MAX_LOGGED		64
/* Alignment of a dumb buffer's pitch, in bytes: what most importers ask. */
#define XDF_PITCH_ALIGN		64

/* Where the pixels of a picture lie in its buffer. */
struct xdf_layout {
	u32 width;		/* in pixels */
	u32 height;		/* in lines */
	u32 pitch;		/* bytes from line to line */
	u32 offset;		/* bytes from the buffer's start to the first pixel */
	u32 cpp;		/* bytes per pixel */
};

int xdf_parse_resolution(const char *text, u32 *width, u32 *height);
int xdf_parse_index(const char *text, u32 *index);
u32 xdf_parse_versions(const char *text);
void xdf_mode_timings(struct drm_display_mode *mode, u32 width, u32 height, u32 hz);
int xdf_dumb_layout(u32 width, u32 height, u32 bpp, u32 *pitch, u64 *size);
int xdf_layout_fits(const struct xdf_layout *l, u64 size);
int xdf_layout_check(const struct xdf_layout *l, u64 size);

/* Messages */
int xdf_displif_errno(s32 status);
bool xdf_displif_is_lost(int error);
bool xdf_displif_is_shortage(int error);
bool xdf_displif_may_pass(int error);
unsigned int xdf_displif_timeout_ms(u8 op);
void xdf_displif_start(struct displif_req *req, enum displif_op op);

/* Pixel formats */
#define XDF_FORMATS	9

extern const u32 xdf_formats[XDF_FORMATS];

u32 xdf_format_bit(u32 format);
u32 xdf_format_next(u32 format, u32 rejected);
bool xdf_format_is_same(u32 format, u32 other);
void xdf_format_to_xrgb8888(u32 *to, const void *from, u32 count, u32 format);

/* EDIDs */
int xdf_edid_check(const u8 *data, u32 size);

/* Page directories: how a list of grant references lies in shared pages */
u32 xdf_pgdir_pages(u32 nrefs);
void xdf_pgdir_fill(struct displif_page_directory *dir, u32 index,
		    const u32 *dir_refs, const u32 *refs, u32 nrefs);
void xdf_pgdir_read(const struct displif_page_directory *dir, u32 index, u32 *refs, u32 nrefs);

/* When an output's vblanks are, by what the backend says */

/* Vblanks at equal distances; all in ns of monotonic time. */
struct xdf_vblank {
	u64 time;		/* of the last one */
	u64 next;		/* of the next one */
	u64 period;		/* of the mode */
	unsigned int outliers;	/* events in a row that fit no vblank */
	unsigned int moves;	/* how often in a row that has moved the vblanks */
};

void xdf_vblank_start(struct xdf_vblank *vblank, u64 period, u64 now);
u64 xdf_vblank_last(const struct xdf_vblank *vblank, u64 now);
bool xdf_vblank_tick(struct xdf_vblank *vblank, u64 now);
bool xdf_vblank_event(struct xdf_vblank *vblank, u64 now);

#endif /* XDF_PROTO_H */
