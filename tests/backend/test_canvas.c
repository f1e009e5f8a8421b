// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "../../src/backend/canvas.h"

#define HEIGHT	(CANVAS_TILE + 1)

/* A guest's picture, which may begin anywhere, and its lines lie anywhere. */
struct picture {
	uint32_t width;
	uint32_t *pixels;
	uint32_t together;	/* lines */
};

static const uint32_t *picture_lines(void *data, uint32_t y, uint32_t *count)
{
	const struct picture *p = data;

	assert_true(*count >= 1 && y + *count <= HEIGHT);
	if (*count > p->together)
		*count = p->together;
	return p->pixels + (size_t)y * p->width;
}

static void expect_tile(const struct canvas *c, uint32_t x, uint32_t y)
{
	const struct canvas_head *head = c->head;
	uint32_t i, there = y / CANVAS_TILE * head->columns + x / CANVAS_TILE;
	bool changed, wanted;

	for (i = 0; i < head->columns * head->rows; i++) {
		changed = head->tile[i] == head->updates;
		wanted = i == there;
		if (changed != wanted)
			fail_msg("pixel %u, %u of %u columns: tile %u was last changed by update %u of %u",
				 x, y, head->columns, i, head->tile[i], head->updates);
	}
}

/* Each pixel counts, wherever it is in a line. */
static void each_pixel(uint32_t width, uint32_t together)
{
	struct picture p = { .width = width, .together = together };
	uint32_t *room, x, y;
	struct canvas c;

	room = calloc((size_t)width * HEIGHT + 1, sizeof(*room));
	assert_non_null(room);
	p.pixels = room + 1;
	assert_int_equal(canvas_create(&c, width, HEIGHT), 0);
	assert_int_equal(canvas_update(&c, picture_lines, &p), 0);
	for (y = 0; y < HEIGHT; y += HEIGHT - 1) {
		for (x = 0; x < width; x++) {
			p.pixels[y * width + x] = x + 1;
			assert_int_equal(canvas_update(&c, picture_lines, &p), 1);
			expect_tile(&c, x, y);
		}
	}
	assert_int_equal(canvas_update(&c, picture_lines, &p), 0);
	assert_memory_equal(c.pixels, p.pixels, (size_t)width * HEIGHT * sizeof(*room));
	canvas_drop(&c);
	free(room);
}

static void test_each_pixel(void **state)
{
	static const uint32_t widths[] = { 1, 7, 16, 17, 127, 128, 129, 300 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
		each_pixel(widths[i], i % 3 ? CANVAS_TILE : 1 + i);
}

static void test_many_tiles(void **state)
{
	uint32_t pixels[3 * CANVAS_TILE * HEIGHT] = { 0 };
	struct picture p = { .width = 3 * CANVAS_TILE, .pixels = pixels, .together = 3 };
	struct canvas c;

	(void)state;
	assert_int_equal(canvas_create(&c, p.width, HEIGHT), 0);
	pixels[0] = 1;
	pixels[2 * CANVAS_TILE] = 1;
	pixels[CANVAS_TILE * p.width + CANVAS_TILE] = 1;
	assert_int_equal(canvas_update(&c, picture_lines, &p), 3);
	assert_int_equal(c.head->updates, 1);
	memset(pixels, 0xff, sizeof(pixels));
	assert_int_equal(canvas_update(&c, picture_lines, &p), 6);
	assert_memory_equal(c.pixels, pixels, sizeof(pixels));
	canvas_drop(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_pixel),
		cmocka_unit_test(test_many_tiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
