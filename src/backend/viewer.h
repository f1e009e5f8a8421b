/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * One viewer, in a process of its own: it has no grant, no event channel and
 * no XenStore, so neither its library nor whoever sits at the other end of its
 * connection can harm a guest; nor can one that does not read slow another.
 */
#ifndef XDB_VIEWER_H
#define XDB_VIEWER_H

#include <stdint.h>

/* Where a viewer's process finds its descriptors. */
#define VIEWER_CLIENT	3	/* the connection */
#define VIEWER_PARENT	4	/* a socket of whole messages */

enum viewer_type {
	/* to the viewer */
	VIEWER_PASSWORD,	/* before the first picture */
	VIEWER_CANVAS,		/* with a descriptor */
	VIEWER_DAMAGE,
	/* from the viewer */
	VIEWER_READY,		/* for the next canvas or damage */
	VIEWER_SCANCODE,
	VIEWER_KEYSYM,
	VIEWER_POINTER,
	VIEWER_RESIZE,
};

struct viewer_message {
	uint32_t type;
	union {
		char password[32];
		struct {
			uint32_t code;
			uint32_t down;
		} key;
		struct {
			uint32_t x, y;
			uint32_t width, height;	/* of the picture meant */
			uint32_t buttons;
		} pointer;
		struct {
			uint32_t width, height;
		} resize;
	};
};

int viewer_main(const char *title);

#endif /* XDB_VIEWER_H */
