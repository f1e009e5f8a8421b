// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What the tests draw, and its checksum. tests/lab/pattern.py computes the
 * same bytes on the other side; "make check" here holds the two together.
 */
#include <string.h>

#include "xdf-guest.h"

/* The CRC-32 of zlib, so that Python has it too. */
uint32_t crc32_add(uint32_t crc, const void *data, size_t len)
{
	static uint32_t table[256];
	const uint8_t *p = data;

	if (!table[1]) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t v = i;

			for (int k = 0; k < 8; k++)
				v = v & 1 ? 0xedb88320u ^ (v >> 1) : v >> 1;
			table[i] = v;
		}
	}

	crc = ~crc;
	while (len--)
		crc = table[(crc ^ *p++) & 0xff] ^ (crc >> 8);
	return ~crc;
}

/* Each row starts its own xorshift sequence: a row out of place shows. */
void pattern_row(uint8_t *row, size_t len, uint32_t seed, uint32_t y)
{
	uint32_t s = (seed * 0x9e3779b1u) ^ ((y + 1) * 0x85ebca77u);

	if (!s)
		s = 1;

	for (size_t i = 0; i < len; i += 4) {
		uint8_t word[4];

		s ^= s << 13;
		s ^= s >> 17;
		s ^= s << 5;
		word[0] = s;
		word[1] = s >> 8;
		word[2] = s >> 16;
		word[3] = s >> 24;
		memcpy(row + i, word, len - i < 4 ? len - i : 4);
	}
}

static const struct {
	uint32_t format;
	unsigned int cpp;
	/* Position and width of red, green, blue, alpha (or filler). */
	uint8_t r, g, b, a;
	uint8_t nr, ng, nb, na;
} formats[] = {
	{ DRM_FORMAT_XRGB8888,    4, 16,  8,  0, 24,  8,  8,  8, 8 },
	{ DRM_FORMAT_ARGB8888,    4, 16,  8,  0, 24,  8,  8,  8, 8 },
	{ DRM_FORMAT_XBGR8888,    4,  0,  8, 16, 24,  8,  8,  8, 8 },
	{ DRM_FORMAT_ABGR8888,    4,  0,  8, 16, 24,  8,  8,  8, 8 },
	{ DRM_FORMAT_RGBX8888,    4, 24, 16,  8,  0,  8,  8,  8, 8 },
	{ DRM_FORMAT_RGBA8888,    4, 24, 16,  8,  0,  8,  8,  8, 8 },
	{ DRM_FORMAT_BGRX8888,    4,  8, 16, 24,  0,  8,  8,  8, 8 },
	{ DRM_FORMAT_BGRA8888,    4,  8, 16, 24,  0,  8,  8,  8, 8 },
	{ DRM_FORMAT_XRGB2101010, 4, 20, 10,  0, 30, 10, 10, 10, 2 },
	{ DRM_FORMAT_ARGB2101010, 4, 20, 10,  0, 30, 10, 10, 10, 2 },
	{ DRM_FORMAT_XBGR2101010, 4,  0, 10, 20, 30, 10, 10, 10, 2 },
	{ DRM_FORMAT_ABGR2101010, 4,  0, 10, 20, 30, 10, 10, 10, 2 },
	{ DRM_FORMAT_RGB565,      2, 11,  5,  0,  0,  5,  6,  5, 0 },
	{ DRM_FORMAT_BGR565,      2,  0,  5, 11,  0,  5,  6,  5, 0 },
	{ DRM_FORMAT_XRGB1555,    2, 10,  5,  0, 15,  5,  5,  5, 1 },
	{ DRM_FORMAT_ARGB1555,    2, 10,  5,  0, 15,  5,  5,  5, 1 },
	{ DRM_FORMAT_XRGB4444,    2,  8,  4,  0, 12,  4,  4,  4, 4 },
	{ DRM_FORMAT_ARGB4444,    2,  8,  4,  0, 12,  4,  4,  4, 4 },
	{ DRM_FORMAT_RGB888,      3, 16,  8,  0,  0,  8,  8,  8, 0 },
	{ DRM_FORMAT_BGR888,      3,  0,  8, 16,  0,  8,  8,  8, 0 },
};

#define NFORMATS (sizeof(formats) / sizeof(formats[0]))

unsigned int format_cpp(uint32_t format)
{
	for (size_t i = 0; i < NFORMATS; i++)
		if (formats[i].format == format)
			return formats[i].cpp;
	die("format %s is unknown here; add it to the table in pattern.c",
	    format_str(format));
}

/* Eight upright bars: white yellow cyan green magenta red blue black. */
void bars_row(uint8_t *row, uint32_t format, uint32_t width)
{
	static const uint8_t rgb[8] = { 7, 6, 3, 2, 5, 4, 1, 0 };
	size_t f = 0;

	while (f < NFORMATS && formats[f].format != format)
		f++;
	if (f == NFORMATS)
		die("format %s is unknown here; add it to the table in pattern.c",
		    format_str(format));

	for (uint32_t x = 0; x < width; x++) {
		uint8_t bits = rgb[(uint64_t)x * 8 / width];
		uint32_t v = 0;

		if (bits & 4)
			v |= ((1u << formats[f].nr) - 1) << formats[f].r;
		if (bits & 2)
			v |= ((1u << formats[f].ng) - 1) << formats[f].g;
		if (bits & 1)
			v |= ((1u << formats[f].nb) - 1) << formats[f].b;
		if (formats[f].na)
			v |= ((1u << formats[f].na) - 1) << formats[f].a;
		for (unsigned int i = 0; i < formats[f].cpp; i++)
			*row++ = v >> (8 * i);
	}
}

uint32_t format_parse(const char *s)
{
	if (strlen(s) != 4)
		die("format '%s' is not a four character code such as XR24", s);
	return fourcc_code(s[0], s[1], s[2], s[3]);
}

const char *format_str(uint32_t format)
{
	static char s[4][5];
	static int n;
	char *p = s[n++ & 3];

	p[0] = format;
	p[1] = format >> 8;
	p[2] = format >> 16;
	p[3] = format >> 24;
	p[4] = 0;
	return p;
}
