// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * DRM's own helpers convert from XRGB8888, for screens that want something
 * else. The other way, which is needed here, they have for one format on some
 * kernels.
 */
#ifdef __KERNEL__
#include <drm/drm_fourcc.h>
#else
#include <libdrm/drm_fourcc.h>
#endif

#include "xdf_format.h"

/* Bits that XRGB8888 leaves unused. */
#define FILLER	0xff000000u

/* The formats of every plane. */
const u32 xdf_formats[XDF_FORMATS] = {
	DRM_FORMAT_XRGB8888,
	DRM_FORMAT_ARGB8888,
	DRM_FORMAT_XBGR8888,
	DRM_FORMAT_ABGR8888,
	DRM_FORMAT_RGB565,
	DRM_FORMAT_XRGB2101010,
	DRM_FORMAT_ARGB2101010,
	DRM_FORMAT_XBGR2101010,
	DRM_FORMAT_ABGR2101010,
};

/**
 * xdf_format_bit - a format's bit in a mask of formats
 * @format: DRM fourcc
 *
 * Return: the bit; 0 when it is none of xdf_formats[].
 */
u32 xdf_format_bit(u32 format)
{
	unsigned int i;

	for (i = 0; i < XDF_FORMATS; i++)
		if (xdf_formats[i] == format)
			return 1u << i;
	return 0;
}

/* The same without alpha. */
static u32 format_opaque(u32 format)
{
	switch (format) {
	case DRM_FORMAT_ARGB8888:
		return DRM_FORMAT_XRGB8888;
	case DRM_FORMAT_ABGR8888:
		return DRM_FORMAT_XBGR8888;
	case DRM_FORMAT_ARGB2101010:
		return DRM_FORMAT_XRGB2101010;
	case DRM_FORMAT_ABGR2101010:
		return DRM_FORMAT_XBGR2101010;
	default:
		return format;
	}
}

/**
 * xdf_format_next - what else a backend can be told that a framebuffer has
 * @format: of the framebuffer, one of xdf_formats[]
 * @rejected: @format or what this function returned for it
 *
 * First the opaque twin of a format with alpha: premultiplied over black is
 * the same picture. At last XRGB8888, which every display shows.
 *
 * Return: the format; 0 when there is no other.
 */
u32 xdf_format_next(u32 format, u32 rejected)
{
	if (rejected == DRM_FORMAT_XRGB8888)
		return 0;
	if (rejected != format_opaque(format))
		return format_opaque(format);
	return DRM_FORMAT_XRGB8888;
}

/**
 * xdf_format_is_same - do two formats have their colours in the same bits?
 * @format: one of xdf_formats[]
 * @other: another one, or the same
 *
 * Return: false when pixels have to be converted from one to the other.
 */
bool xdf_format_is_same(u32 format, u32 other)
{
	return format_opaque(format) == format_opaque(other);
}

static u32 rgb565(u32 p)
{
	u32 r = p >> 11, g = p >> 5 & 0x3f, b = p & 0x1f;

	/* the highest bits once more below: full stays full */
	return (r << 3 | r >> 2) << 16 | (g << 2 | g >> 4) << 8 |
		(b << 3 | b >> 2);
}

static u32 xbgr8888(u32 p)
{
	return (p & 0xff) << 16 | (p & 0xff00) | (p >> 16 & 0xff);
}

static u32 xrgb2101010(u32 p)
{
	return (p >> 6 & 0xff0000) | (p >> 4 & 0xff00) | (p >> 2 & 0xff);
}

static u32 xbgr2101010(u32 p)
{
	return (p << 14 & 0xff0000) | (p >> 4 & 0xff00) | (p >> 22 & 0xff);
}

/**
 * xdf_format_to_xrgb8888 - convert pixels
 * @to: result
 * @from: aligned to a pixel
 * @count: of pixels
 * @format: of @from, one of xdf_formats[]
 */
void xdf_format_to_xrgb8888(u32 *to, const void *from, u32 count, u32 format)
{
	const u32 *from32 = from;
	const u16 *from16 = from;
	u32 i;

	switch (format_opaque(format)) {
	case DRM_FORMAT_RGB565:
		for (i = 0; i < count; i++)
			to[i] = FILLER | rgb565(from16[i]);
		break;
	case DRM_FORMAT_XBGR8888:
		for (i = 0; i < count; i++)
			to[i] = FILLER | xbgr8888(from32[i]);
		break;
	case DRM_FORMAT_XRGB2101010:
		for (i = 0; i < count; i++)
			to[i] = FILLER | xrgb2101010(from32[i]);
		break;
	case DRM_FORMAT_XBGR2101010:
		for (i = 0; i < count; i++)
			to[i] = FILLER | xbgr2101010(from32[i]);
		break;
	default:
		for (i = 0; i < count; i++)
			to[i] = FILLER | from32[i];
		break;
	}
}
