/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What XenStore says about a display, and the arithmetic of sizes. */
#ifndef XDF_CONFIG_H
#define XDF_CONFIG_H

#include "xdf_port.h"

/* The largest side of a display: what a 32-bit buffer size still carries. */
#define XDF_MAX_SIDE		16384
/*
 * The smallest side of a display with a text console: the larger side of the
 * largest font that the kernel has (16x32), which the console may be told to
 * take, and to turn by 90 degrees. On a screen that is smaller than one letter
 * it draws beyond the buffer.
 */
#define XDF_MIN_CONSOLE_SIDE	32
#define XDF_DEFAULT_HZ		60
/* Alignment of a dumb buffer's pitch, in octets: what most importers ask. */
#define XDF_PITCH_ALIGN		64

/**
 * struct xdf_timing - a progressive mode's timings
 * @clock: pixel clock in kHz
 *
 * The other members are in pixels and lines, named as in struct drm_display_mode.
 */
struct xdf_timing {
	u32 clock;
	u16 hdisplay, hsync_start, hsync_end, htotal;
	u16 vdisplay, vsync_start, vsync_end, vtotal;
};

/**
 * struct xdf_layout - where the pixels of a picture lie in its buffer
 * @width: in pixels
 * @height: in lines
 * @pitch: octets from line to line
 * @offset: octets from the buffer's start to the first pixel
 * @cpp: octets per pixel
 */
struct xdf_layout {
	u32 width;
	u32 height;
	u32 pitch;
	u32 offset;
	u32 cpp;
};

int xdf_parse_resolution(const char *text, u32 *width, u32 *height);
int xdf_parse_index(const char *text, u32 *index);
u32 xdf_parse_versions(const char *text);
void xdf_timing_make(u32 width, u32 height, u32 hz, struct xdf_timing *t);
int xdf_dumb_layout(u32 width, u32 height, u32 bpp, u32 *pitch, u64 *size);
int xdf_layout_fits(const struct xdf_layout *l, u64 size);
int xdf_layout_check(const struct xdf_layout *l, u64 size);

#endif /* XDF_CONFIG_H */
