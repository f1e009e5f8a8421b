// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "canvas.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE	0x0010
#endif

#define PAGE	4096

static uint32_t tiles(uint32_t pixels)
{
	return (pixels + CANVAS_TILE - 1) / CANVAS_TILE;
}

/**
 * canvas_create - a black picture that only this process can write
 * @canvas: result
 * @width: in pixels
 * @height: in lines
 *
 * Return: 0 or a negative errno.
 */
int canvas_create(struct canvas *canvas, uint32_t width, uint32_t height)
{
	uint32_t columns = tiles(width), rows = tiles(height);
	size_t pixels = sizeof(struct canvas_head) +
		(size_t)columns * rows * sizeof(uint32_t);
	int ret;

	pixels = (pixels + PAGE - 1) / PAGE * PAGE;
	canvas->size = pixels + (size_t)width * height * sizeof(uint32_t);
	canvas->fd = memfd_create("screen", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (canvas->fd < 0)
		return -errno;
	if (ftruncate(canvas->fd, canvas->size))
		goto err;
	canvas->head = mmap(NULL, canvas->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			    canvas->fd, 0);
	if (canvas->head == MAP_FAILED)
		goto err;
	/* whoever has it from us cannot write, nor take it away under us */
	if (fcntl(canvas->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW |
		  F_SEAL_FUTURE_WRITE | F_SEAL_SEAL))
		goto err_map;
	canvas->head->width = width;
	canvas->head->height = height;
	canvas->head->columns = columns;
	canvas->head->rows = rows;
	canvas->head->pixels = pixels;
	canvas->pixels = (uint32_t *)((uint8_t *)canvas->head + pixels);
	return 0;

err_map:
	ret = -errno;
	munmap(canvas->head, canvas->size);
	goto out;
err:
	ret = -errno;
out:
	close(canvas->fd);
	memset(canvas, 0, sizeof(*canvas));
	canvas->fd = -1;
	return ret;
}

/**
 * canvas_attach - the reader's side
 * @canvas: result
 * @fd: of the writer's; closed here
 *
 * Return: 0 or a negative errno.
 */
int canvas_attach(struct canvas *canvas, int fd)
{
	struct stat st;
	int ret = 0;

	memset(canvas, 0, sizeof(*canvas));
	canvas->fd = -1;
	if (fstat(fd, &st)) {
		ret = -errno;
		goto out;
	}
	canvas->size = st.st_size;
	canvas->head = mmap(NULL, canvas->size, PROT_READ, MAP_SHARED, fd, 0);
	if (canvas->head == MAP_FAILED) {
		canvas->head = NULL;
		ret = -errno;
		goto out;
	}
	canvas->pixels = (uint32_t *)((uint8_t *)canvas->head +
				      canvas->head->pixels);
out:
	close(fd);
	return ret;
}

void canvas_drop(struct canvas *canvas)
{
	if (canvas->head)
		munmap(canvas->head, canvas->size);
	if (canvas->fd >= 0)
		close(canvas->fd);
	memset(canvas, 0, sizeof(*canvas));
	canvas->fd = -1;
}

/* Pixels that are compared at once; AVX2 has registers of that size. */
#define LANES	8
#define STEP	16
typedef uint32_t lanes __attribute__((vector_size(LANES * sizeof(uint32_t)),
				      aligned(sizeof(uint32_t)), may_alias));

#ifdef __x86_64__
#define CLONES	__attribute__((target_clones("avx2", "default")))
#else
#define CLONES
#endif

/*
 * To find that nothing else has changed is most of what a small change costs.
 * Nearly all lines are the same to their end: it takes a quarter fewer
 * instructions than memcmp(), which looks for a difference on the way.
 */
CLONES
static bool is_same(const uint32_t *a, const uint32_t *b, uint32_t n)
{
	lanes diff = { 0 };
	uint32_t i, rest = 0;

	for (; n >= STEP * LANES; n -= STEP * LANES) {
#pragma GCC unroll 16
		for (i = 0; i < STEP; i++)
			diff |= ((const lanes *)a)[i] ^ ((const lanes *)b)[i];
		a += STEP * LANES;
		b += STEP * LANES;
	}
	for (i = 0; i < LANES; i++)
		rest |= diff[i];
	return !rest && !memcmp(a, b, n * sizeof(*a));
}

/* What of a line differs is copied, and its tiles are marked. */
static void update_line(const struct canvas_head *head, uint32_t *to,
			const uint32_t *line, bool *changed)
{
	uint32_t i;

	for (i = 0; i < head->columns; i++) {
		uint32_t x = i * CANVAS_TILE, n = head->width - x;

		if (n > CANVAS_TILE)
			n = CANVAS_TILE;
		if (memcmp(to + x, line + x, n * sizeof(*line))) {
			memcpy(to + x, line + x, n * sizeof(*line));
			changed[i] = true;
		}
	}
}

/* @count lines, no more than a tile has. True if they were others. */
static bool update_lines(struct canvas *canvas, uint32_t y, uint32_t count,
			 const uint32_t *line, bool *changed)
{
	const struct canvas_head *head = canvas->head;
	uint32_t *to = canvas->pixels + (size_t)y * head->width;
	const uint32_t *end = line + (size_t)count * head->width;

	if (is_same(to, line, end - line))
		return false;
	for (; line < end; line += head->width, to += head->width)
		if (!is_same(to, line, head->width))
			update_line(head, to, line, changed);
	return true;
}

/**
 * canvas_update - take a new picture over
 * @canvas: the writer's
 * @lines: gives the picture from the top
 * @data: for @lines
 *
 * Return: how many tiles have changed.
 */
unsigned int canvas_update(struct canvas *canvas, canvas_lines_fn lines, void *data)
{
	struct canvas_head *head = canvas->head;
	uint32_t next = head->updates + 1, row, y, i, n, end;
	const uint32_t *line;
	bool changed[head->columns], any;
	unsigned int count = 0;

	memset(changed, 0, sizeof(changed));
	for (row = 0; row < head->rows; row++) {
		any = false;
		end = (row + 1) * CANVAS_TILE;
		if (end > head->height)
			end = head->height;
		for (y = row * CANVAS_TILE; y < end; y += n) {
			n = end - y;
			line = lines(data, y, &n);
			any |= update_lines(canvas, y, n, line, changed);
		}
		for (i = 0; any && i < head->columns; i++) {
			if (!changed[i])
				continue;
			changed[i] = false;
			__atomic_store_n(&head->tile[row * head->columns + i], next,
					 __ATOMIC_RELEASE);
			count++;
		}
	}
	if (count)
		__atomic_store_n(&head->updates, next, __ATOMIC_RELEASE);
	return count;
}
