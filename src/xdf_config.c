// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "displif_wire.h"
#include "xdf_config.h"

/* Reads a decimal number without sign or leading space; NULL on an error. */
static const char *parse_u32(const char *s, u32 *value)
{
	u64 v = 0;

	if (*s < '0' || *s > '9')
		return NULL;
	for (; *s >= '0' && *s <= '9'; s++) {
		v = v * 10 + (*s - '0');
		if (v > 0xffffffffu)
			return NULL;
	}
	*value = v;
	return s;
}

/**
 * xdf_parse_resolution - read XenStore's "resolution"
 * @text: "WIDTHxHEIGHT", decimal, in pixels, nothing before or behind
 * @width: result
 * @height: result
 *
 * Return: 0; -EINVAL when @text is not of that form; -ERANGE when a side is 0
 * or larger than XDF_MAX_SIDE. The results are only written on success.
 */
int xdf_parse_resolution(const char *text, u32 *width, u32 *height)
{
	u32 w, h;

	text = parse_u32(text, &w);
	if (!text || *text != 'x')
		return -EINVAL;
	text = parse_u32(text + 1, &h);
	if (!text || *text)
		return -EINVAL;
	if (!w || !h || w > XDF_MAX_SIDE || h > XDF_MAX_SIDE)
		return -ERANGE;
	*width = w;
	*height = h;
	return 0;
}

/**
 * xdf_parse_index - is this the name of a connector's directory?
 * @text: name of a XenStore node
 * @index: result
 *
 * Return: 0, or -EINVAL for anything but a plain decimal number.
 */
int xdf_parse_index(const char *text, u32 *index)
{
	u32 v;
	const char *end = parse_u32(text, &v);

	/* "01" would be a second name of 1 */
	if (!end || *end || (text[0] == '0' && text[1]))
		return -EINVAL;
	*index = v;
	return 0;
}

/**
 * xdf_parse_versions - agree on a protocol version
 * @text: the backend's list, "1,2", or NULL when it has none
 *
 * Return: the highest version that both sides speak; 0 when there is none.
 */
u32 xdf_parse_versions(const char *text)
{
	u32 best = 0;

	if (!text || !*text)
		return DISPLIF_VERSION_MIN;
	while (text) {
		u32 v;

		while (*text == ' ')
			text++;
		text = parse_u32(text, &v);
		if (!text)
			break;
		if (v >= DISPLIF_VERSION_MIN && v <= DISPLIF_VERSION_MAX &&
		    v > best)
			best = v;
		while (*text == ' ')
			text++;
		if (*text++ != ',')
			break;
	}
	return best;
}

/**
 * xdf_timing_make - timings for a display that has only a size
 * @width: 1 to XDF_MAX_SIDE
 * @height: 1 to XDF_MAX_SIDE
 * @hz: frames per second
 * @t: result
 *
 * CVT rounds widths down to a multiple of 8; a virtual display need not, so
 * blanking is constant and the size is exactly the one asked for.
 */
void xdf_timing_make(u32 width, u32 height, u32 hz, struct xdf_timing *t)
{
	t->hdisplay = width;
	t->hsync_start = width + 48;
	t->hsync_end = width + 80;
	t->htotal = width + 160;
	t->vdisplay = height;
	t->vsync_start = height + 3;
	t->vsync_end = height + 8;
	t->vtotal = height + 30;
	/* The smallest mode has 4991 pixels with blanking: 1 kHz is 0.2 Hz. */
	t->clock = div_u64((u64)t->htotal * t->vtotal * hz + 500, 1000);
}

/**
 * xdf_dumb_layout - size of a dumb buffer
 * @width: in pixels
 * @height: in lines
 * @bpp: bits per pixel
 * @pitch: result, octets per line
 * @size: result, octets of the picture, not rounded to pages
 *
 * Whole lines are read: a part of the picture that does not begin at the left
 * ends behind the last line, so there has to be one line more than @size says.
 *
 * Return: 0; -EINVAL when a number is 0 or odd for the purpose or the buffer
 * is larger than the protocol can say.
 */
int xdf_dumb_layout(u32 width, u32 height, u32 bpp, u32 *pitch, u64 *size)
{
	u64 line;

	if (!width || !height || !bpp || bpp > 64)
		return -EINVAL;
	line = ((u64)width * bpp + 7) / 8;
	line = (line + XDF_PITCH_ALIGN - 1) / XDF_PITCH_ALIGN * XDF_PITCH_ALIGN;
	if (line > 0xffffffffu)
		return -EINVAL;
	if (line * (height + 1ULL) > 0xffffffffu - DISPLIF_PAGE_SIZE)
		return -EINVAL;
	*pitch = line;
	*size = line * height;
	return 0;
}

/**
 * xdf_layout_fits - does this picture lie in its buffer?
 * @l: the picture
 * @size: of the buffer, in octets
 *
 * Return: 0 or -EINVAL.
 */
int xdf_layout_fits(const struct xdf_layout *l, u64 size)
{
	if (!l->width || !l->height || !l->cpp)
		return -EINVAL;
	if (l->width > XDF_MAX_SIDE || l->height > XDF_MAX_SIDE)
		return -EINVAL;
	if (l->pitch % l->cpp || l->offset % l->cpp)
		return -EINVAL;
	if ((u64)l->width * l->cpp > l->pitch)
		return -EINVAL;
	if (size > 0xffffffffu)
		return -EINVAL;
	if (l->offset + (u64)l->pitch * (l->height - 1) +
	    (u64)l->width * l->cpp > size)
		return -EINVAL;
	return 0;
}

/**
 * xdf_layout_check - can the protocol describe this picture?
 * @l: the picture
 * @size: of the buffer it lies in, in octets
 *
 * The wire carries no pitch: a backend works it out from the buffer's width,
 * rounded to 32 bits, and reads whole lines, the last one too.
 *
 * Return: 0 or -EINVAL.
 */
int xdf_layout_check(const struct xdf_layout *l, u64 size)
{
	if (xdf_layout_fits(l, size) || l->pitch % 4)
		return -EINVAL;
	if (l->offset + (u64)l->pitch * l->height > size)
		return -EINVAL;
	return 0;
}
