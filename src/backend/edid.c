// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * EDID 1.4 with a DisplayID 1.3 extension: the preferred mode, the usual other
 * ones, and a size of 96 dpi. What the first block has no room for (more than
 * 4095 pixels, or 655 MHz) is in the extension.
 */
#include <stdbool.h>
#include <string.h>

#include "edid.h"

#define HZ		60
#define DPI		96
#define MM_PER_INCH	254	/* in tenths */

#define DTD_SIDE_MAX	4095u
#define DTD_KHZ_MAX	655350u
/* 255 cm */
#define SIZE_MAX_TENTHS	25500u
/* bytes of a DisplayID timing of type I */
#define TIMING_1	20

/* Of reduced blanking, in pixels and lines; the vertical one in microseconds. */
#define H_BLANK		160
#define H_FRONT		48
#define H_SYNC		32
#define V_FRONT		3
#define V_BLANK_US	460
#define V_BACK_MIN	6
#define KHZ_STEP	250
/* No monitor has less. */
#define KHZ_MIN		10000

struct timing {
	uint32_t width, height;
	uint32_t khz;
	uint32_t v_blank, v_sync;
};

struct size {
	uint32_t width, height;
};

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The width of the vertical sync tells the aspect ratio. */
static uint32_t sync_lines(uint32_t w, uint32_t h)
{
	static const struct {
		uint32_t w, h, lines;
	} ratios[] = {
		{ 4, 3, 4 }, { 16, 9, 5 }, { 16, 10, 6 }, { 5, 4, 7 }, { 15, 9, 7 },
	};
	size_t i;

	for (i = 0; i < sizeof(ratios) / sizeof(ratios[0]); i++)
		if (h % ratios[i].h == 0 && w == h / ratios[i].h * ratios[i].w)
			return ratios[i].lines;
	return 10;
}

/* VESA's coordinated timings with reduced blanking, for any width. */
static void timing_make(struct timing *t, uint32_t width, uint32_t height)
{
	uint32_t visible_us = 1000000 / HZ - V_BLANK_US;
	uint32_t blank_min, lines_min, total_width = width + H_BLANK;

	t->width = width;
	t->height = height;
	t->v_sync = sync_lines(width, height);
	/* lines last visible_us / height each; so many of them fill the blank */
	t->v_blank = (uint64_t)V_BLANK_US * height / visible_us + 1;
	blank_min = V_FRONT + t->v_sync + V_BACK_MIN;
	if (t->v_blank < blank_min)
		t->v_blank = blank_min;
	lines_min = KHZ_MIN * 1000u / HZ / total_width + 2;
	if (height + t->v_blank < lines_min)
		t->v_blank = lines_min - height;
	t->khz = (uint64_t)total_width * (height + t->v_blank) * HZ / 1000 /
		KHZ_STEP * KHZ_STEP;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = v;
	p[1] = v >> 8;
}

static uint8_t negative_sum(const uint8_t *p, size_t n)
{
	uint8_t sum = 0;

	while (n--)
		sum += *p++;
	return -sum;
}

/*
 * In tenths of a millimetre. A screen that is larger than its fields keeps its
 * shape; one with a side of less than a centimetre, the unit of the first
 * block, has no size.
 */
static void size_make(struct size *s, uint32_t width, uint32_t height)
{
	uint64_t w = (uint64_t)width * MM_PER_INCH / DPI;
	uint64_t h = (uint64_t)height * MM_PER_INCH / DPI;
	uint64_t most = w > h ? w : h;

	if (most > SIZE_MAX_TENTHS) {
		w = w * SIZE_MAX_TENTHS / most;
		h = h * SIZE_MAX_TENTHS / most;
	}
	if (w < 100 || h < 100)
		w = h = 0;
	s->width = w;
	s->height = h;
}

static bool fits_block(const struct timing *t)
{
	return t->width <= DTD_SIDE_MAX && t->height <= DTD_SIDE_MAX &&
	       t->khz <= DTD_KHZ_MAX;
}

/* A detailed timing of the first block. */
static void put_timing(uint8_t *p, const struct timing *t, const struct size *size)
{
	uint32_t mm_w = size->width / 10, mm_h = size->height / 10;

	put16(p, t->khz / 10);
	p[2] = t->width;
	p[3] = H_BLANK;
	p[4] = t->width >> 8 << 4 | H_BLANK >> 8;
	p[5] = t->height;
	p[6] = t->v_blank;
	p[7] = t->height >> 8 << 4 | t->v_blank >> 8;
	p[8] = H_FRONT;
	p[9] = H_SYNC;
	p[10] = V_FRONT << 4 | t->v_sync;
	p[11] = 0;
	p[12] = mm_w;
	p[13] = mm_h;
	p[14] = mm_w >> 8 << 4 | mm_h >> 8;
	/* separate syncs, the horizontal one positive */
	p[17] = 0x1a;
}

static void put_range(uint8_t *p)
{
	static const uint8_t range[18] = {
		0, 0, 0, 0xfd,
		/* at most 255 + 45 kHz; 1 to 75 Hz, 1 kHz on, 2550 MHz */
		0x08, 1, 75, 1, 45, 255,
		/* no more than these limits */
		0x01, '\n', ' ', ' ', ' ', ' ', ' ', ' ',
	};

	memcpy(p, range, sizeof(range));
}

static void put_text(uint8_t *p, uint8_t tag, const char *text)
{
	size_t i, n = strlen(text);

	memset(p, 0, 5);
	p[3] = tag;
	for (i = 0; i < EDID_NAME; i++) {
		char c = i < n ? text[i] : i == n ? '\n' : ' ';

		p[5 + i] = i < n && (c < ' ' || c > '~') ? '?' : c;
	}
}

/* Wide modes for the eye, the narrow aspect ratios by two bits of their own. */
static void put_standard(uint8_t *p)
{
	enum { WIDE10 = 0x00, WIDE9 = 0xc0, FIVE4 = 0x80 };
	static const struct {
		uint16_t width;
		uint8_t ratio;
	} modes[8] = {
		{ 1280, WIDE9 }, { 1280, WIDE10 }, { 1280, FIVE4 }, { 1440, WIDE10 },
		{ 1600, WIDE9 }, { 1680, WIDE10 }, { 1920, WIDE9 }, { 1920, WIDE10 },
	};
	size_t i;

	for (i = 0; i < 8; i++) {
		p[2 * i] = modes[i].width / 8 - 31;
		p[2 * i + 1] = modes[i].ratio;
	}
}

static uint32_t hash(const char *s)
{
	uint32_t h = 0x811c9dc5;

	while (*s)
		h = (h ^ (uint8_t)*s++) * 0x01000193;
	return h;
}

static void put_base(uint8_t *e, const char *name, const struct timing *native,
		     const struct timing *first)
{
	static const uint8_t head[] = {
		0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00,
		/* XEN, product 1 */
		0x60, 0xae, 0x01, 0x00,
	};
	static const uint8_t srgb[] = {
		0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54,
	};
	uint32_t serial = hash(name);
	struct size size;

	size_make(&size, native->width, native->height);
	memcpy(e, head, sizeof(head));
	put16(e + 12, serial);
	put16(e + 14, serial >> 16);
	/* the model of 2026 */
	e[16] = 0xff;
	e[17] = 2026 - 1990;
	e[18] = 1;
	e[19] = 4;
	/* digital, 8 bits of each colour, DisplayPort */
	e[20] = 0xa5;
	e[21] = size.width / 100;
	e[22] = size.height / 100;
	/* gamma 2.2 */
	e[23] = 120;
	/* RGB only, sRGB, the first mode is native, any mode in range */
	e[24] = 0x07;
	memcpy(e + 25, srgb, sizeof(srgb));
	/* 640x480, 800x600 and 1024x768, all of 60 Hz */
	e[35] = 0x21;
	e[36] = 0x08;
	put_standard(e + 38);
	put_timing(e + 54, first, &size);
	put_range(e + 72);
	put_text(e + 90, 0xfc, name);
	put_text(e + 108, 0xff, name);
	e[126] = 1;
	e[127] = negative_sum(e, EDID_BLOCK - 1);
}

static uint8_t aspect_code(const struct timing *t)
{
	switch (sync_lines(t->width, t->height)) {
	case 4:
		return 2;
	case 5:
		return 4;
	case 6:
		return 5;
	default:
		return 8;
	}
}

/* DisplayID's detailed timing of type I; its numbers are one less. */
static void put_timing_1(uint8_t *p, const struct timing *t, bool preferred)
{
	uint32_t clock = t->khz / 10 - 1;

	put16(p, clock);
	p[2] = clock >> 16;
	p[3] = (preferred ? 0x80 : 0) | aspect_code(t);
	put16(p + 4, t->width - 1);
	put16(p + 6, H_BLANK - 1);
	put16(p + 8, (H_FRONT - 1) | 0x8000);
	put16(p + 10, H_SYNC - 1);
	put16(p + 12, t->height - 1);
	put16(p + 14, t->v_blank - 1);
	put16(p + 16, V_FRONT - 1);
	put16(p + 18, t->v_sync - 1);
}

/* The header of a data block, and where its payload begins. */
static uint8_t *put_block(uint8_t *p, uint8_t tag, uint8_t size)
{
	p[0] = tag;
	p[2] = size;
	return p + 3;
}

static uint8_t *put_product(uint8_t *p, uint32_t serial)
{
	static const uint8_t xen[] = { 'X', 'E', 'N', 1, 0 };

	p = put_block(p, 0x00, 12);
	memcpy(p, xen, sizeof(xen));
	put16(p + 5, serial);
	put16(p + 7, serial >> 16);
	/* week and year of making, the latter from 2000 on; no name */
	p[9] = 1;
	p[10] = 26;
	return p + 12;
}

static uint8_t *put_parameters(uint8_t *p, const struct timing *native)
{
	uint32_t longer = native->width, shorter = native->height, ratio;
	struct size size;

	if (longer < shorter) {
		longer = native->height;
		shorter = native->width;
	}
	ratio = longer * 100 / shorter - 100;
	p = put_block(p, 0x01, 12);
	size_make(&size, native->width, native->height);
	put16(p, size.width);
	put16(p + 2, size.height);
	put16(p + 4, native->width);
	put16(p + 6, native->height);
	/* gamma 2.2; 8 bits of each colour */
	p[9] = 120;
	p[10] = least(ratio, UINT8_MAX);
	p[11] = 0x77;
	return p + 12;
}

static uint8_t *put_interface(uint8_t *p)
{
	/* DisplayPort of four lanes; RGB of 8 bits of each colour */
	static const uint8_t features[10] = { 0xa4, 0, 0x02 };

	p = put_block(p, 0x0f, sizeof(features));
	memcpy(p, features, sizeof(features));
	return p + sizeof(features);
}

static uint8_t *put_modes(uint8_t *p, const struct timing *native)
{
	static const uint16_t more[][2] = { { 2560, 1440 }, { 3840, 2160 } };
	uint8_t *block = p;
	struct timing t;
	size_t i;

	p = put_block(p, 0x03, 0);
	put_timing_1(p, native, true);
	p += TIMING_1;
	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		if (more[i][0] == native->width && more[i][1] == native->height)
			continue;
		timing_make(&t, more[i][0], more[i][1]);
		put_timing_1(p, &t, false);
		p += TIMING_1;
	}
	block[2] = p - block - 3;
	return p;
}

/*
 * One section: the native mode, and the usual ones that the first block has no
 * room for, with what a display has to say of itself.
 */
static void put_extension(uint8_t *e, const char *name,
			  const struct timing *native)
{
	uint8_t *p = e + 5;

	p = put_product(p, hash(name));
	p = put_parameters(p, native);
	p = put_interface(p);
	p = put_modes(p, native);
	e[0] = 0x70;
	e[1] = 0x13;
	e[2] = p - e - 5;
	/* a standalone display; no further section */
	e[3] = 0x03;
	*p = negative_sum(e + 1, p - e - 1);
	e[EDID_BLOCK - 1] = negative_sum(e, EDID_BLOCK - 1);
}

/**
 * edid_make - describe a monitor
 * @edid: EDID_BLOCKS blocks, written whole
 * @name: its name; the first EDID_NAME characters are used
 * @width: of the preferred mode in pixels, at least 1
 * @height: in lines, at least 1
 *
 * Return: the size in bytes.
 */
size_t edid_make(uint8_t *edid, const char *name, uint32_t width,
		 uint32_t height)
{
	struct timing native, first;

	memset(edid, 0, EDID_BLOCKS * EDID_BLOCK);
	timing_make(&native, width, height);
	first = native;
	if (!fits_block(&native))
		timing_make(&first, 1920, 1080);
	put_base(edid, name, &native, &first);
	put_extension(edid + EDID_BLOCK, name, &native);
	return EDID_BLOCKS * EDID_BLOCK;
}
