// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Pixel formats and their way to 8-bit RGB. Alpha and padding are ignored. */
#include <string.h>

#include "backend.h"

#define F32(n, a, b_, c, d, rs, gs, bs) \
	{ n, FOURCC(a, b_, c, d), 32, { rs, 8 }, { gs, 8 }, { bs, 8 } }
#define F30(n, a, b_, c, d, rs, bs) \
	{ n, FOURCC(a, b_, c, d), 32, { rs, 10 }, { 10, 10 }, { bs, 10 } }

static const struct format formats[] = {
	F32("XR24", 'X', 'R', '2', '4', 16, 8, 0),
	F32("AR24", 'A', 'R', '2', '4', 16, 8, 0),
	F32("XB24", 'X', 'B', '2', '4', 0, 8, 16),
	F32("AB24", 'A', 'B', '2', '4', 0, 8, 16),
	F32("RX24", 'R', 'X', '2', '4', 24, 16, 8),
	F32("RA24", 'R', 'A', '2', '4', 24, 16, 8),
	F32("BX24", 'B', 'X', '2', '4', 8, 16, 24),
	F32("BA24", 'B', 'A', '2', '4', 8, 16, 24),
	F30("XR30", 'X', 'R', '3', '0', 20, 0),
	F30("AR30", 'A', 'R', '3', '0', 20, 0),
	F30("XB30", 'X', 'B', '3', '0', 0, 20),
	F30("AB30", 'A', 'B', '3', '0', 0, 20),
	{ "RG16", FOURCC('R', 'G', '1', '6'), 16, { 11, 5 }, { 5, 6 }, { 0, 5 } },
};

const struct format *format_find(uint32_t fourcc)
{
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (formats[i].fourcc == fourcc)
			return &formats[i];
	return NULL;
}

const char *fourcc_text(uint32_t fourcc, char buf[12])
{
	int i;

	for (i = 0; i < 4; i++) {
		uint8_t c = fourcc >> (8 * i);

		if (c <= ' ' || c > '~' || c == '"') {
			snprintf(buf, 12, "0x%08x", fourcc);
			return buf;
		}
		buf[i] = c;
	}
	buf[4] = '\0';
	return buf;
}

/* To 8 bits: wide channels keep their top, narrow ones repeat their top below. */
static uint8_t chan8(uint32_t px, struct chan c)
{
	uint32_t v = (px >> c.shift) & ((1u << c.bits) - 1);

	if (c.bits >= 8)
		return v >> (c.bits - 8);
	return v << (8 - c.bits) | v >> (2 * c.bits - 8);
}

static uint32_t pixel(const uint8_t **src, const struct format *fmt)
{
	const uint8_t *p = *src;

	*src += fmt->bpp / 8;
	if (fmt->bpp == 16)
		return p[0] | (uint32_t)p[1] << 8;
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

void frame_line_rgb(uint8_t *rgb, const uint8_t *src, uint32_t width,
		    const struct format *fmt)
{
	uint32_t x, px;

	for (x = 0; x < width; x++) {
		px = pixel(&src, fmt);
		*rgb++ = chan8(px, fmt->r);
		*rgb++ = chan8(px, fmt->g);
		*rgb++ = chan8(px, fmt->b);
	}
}

/* Whether its pixels are XRGB8888 already, whatever is in X. */
bool frame_is_xrgb(const struct format *fmt)
{
	return fmt->r.bits == 8 && fmt->r.shift == 16 && fmt->b.shift == 0;
}

void frame_line_xrgb(uint32_t *xrgb, const uint8_t *src, uint32_t width,
		     const struct format *fmt)
{
	uint32_t x, px;

	for (x = 0; x < width; x++) {
		px = pixel(&src, fmt);
		xrgb[x] = (uint32_t)chan8(px, fmt->r) << 16 |
			  (uint32_t)chan8(px, fmt->g) << 8 | chan8(px, fmt->b);
	}
}

/* FNV-1a: tells two frames apart in the log without keeping them. */
uint64_t frame_hash(const uint8_t *data, size_t len)
{
	uint64_t h = 0xcbf29ce484222325ull;

	while (len--)
		h = (h ^ *data++) * 0x100000001b3ull;
	return h;
}
