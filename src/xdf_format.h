/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Pixel formats, and what becomes of one that a backend lacks. */
#ifndef XDF_FORMAT_H
#define XDF_FORMAT_H

#include "xdf_port.h"

#define XDF_FORMATS	9

extern const u32 xdf_formats[XDF_FORMATS];

u32 xdf_format_bit(u32 format);
u32 xdf_format_next(u32 format, u32 rejected);
bool xdf_format_is_same(u32 format, u32 other);
void xdf_format_to_xrgb8888(u32 *to, const void *from, u32 count, u32 format);

#endif /* XDF_FORMAT_H */
