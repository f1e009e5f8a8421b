/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Keyboard and pointer of a guest: events in the page of its kbdif frontend. */
#ifndef XDB_INPUT_H
#define XDB_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "keys.h"

/* What the guest is told of the pointer's range, on both axes. */
#define INPUT_RANGE	32767
/* Linux' codes of keys and of a mouse's buttons. */
#define INPUT_CODES	0x118

struct xenkbd_page;

/* Where a connector's picture lies on the guest's desktop. */
struct input_area {
	uint32_t x, y, width, height;
	uint32_t all_width, all_height;
};

/* What one viewer holds down. */
struct input_held {
	uint8_t keys[INPUT_CODES / 8];
	uint32_t buttons;
};

struct input {
	struct xenkbd_page *page;	/* NULL: the guest has none */
	uint32_t prod;
	uint16_t down[INPUT_CODES];	/* by how many viewers */
	uint64_t dropped;
	void (*notify)(struct input *in);
};

void input_attach(struct input *in, struct xenkbd_page *page);
void input_detach(struct input *in);
void input_key(struct input *in, struct input_held *held, uint16_t code, bool down);
void input_symbol(struct input *in, struct input_held *held, uint32_t keysym,
		  bool down);
void input_pointer(struct input *in, struct input_held *held,
		   const struct input_area *area, uint32_t x, uint32_t y,
		   uint32_t buttons);
void input_stroke(struct input *in, const struct stroke *stroke);
void input_let_go(struct input *in, struct input_held *held);

#endif /* XDB_INPUT_H */
