/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What one connector shows, in memory that its viewers' processes read. */
#ifndef XDB_CANVAS_H
#define XDB_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CANVAS_TILE	16	/* pixels and lines */

/*
 * Tiles are told apart by the update that changed them last, so each viewer
 * finds by itself what it has not sent.
 */
struct canvas_head {
	uint32_t width, height;
	uint32_t columns, rows;		/* of tiles */
	uint32_t pixels;		/* offset of XRGB8888, in bytes */
	uint32_t updates;		/* rises with each change */
	uint32_t tile[];		/* value of updates at its last change */
};

struct canvas {
	struct canvas_head *head;
	uint32_t *pixels;
	size_t size;
	int fd;				/* to be handed on, readable only */
};

/*
 * Lines of the new picture as XRGB8888, from @y on, valid until the next call. Of
 * the @count lines asked for, at least one, it gives as many as lie one after the
 * other.
 */
typedef const uint32_t *(*canvas_lines_fn)(void *data, uint32_t y, uint32_t *count);

int canvas_create(struct canvas *canvas, uint32_t width, uint32_t height);
int canvas_attach(struct canvas *canvas, int fd);
void canvas_drop(struct canvas *canvas);
unsigned int canvas_update(struct canvas *canvas, canvas_lines_fn lines, void *data);

#endif /* XDB_CANVAS_H */
