// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/input-event-codes.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <xen/io/kbdif.h>

#include "input.h"

#define load(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define store(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)

/* Of RFB's pointer message; wheels are buttons that are pressed and let go. */
#define RFB_WHEEL_UP	(1u << 3)
#define RFB_WHEEL_DOWN	(1u << 4)
#define RFB_WHEELS	(0xfu << 3)

static const struct {
	uint32_t mask;
	uint16_t code;
} buttons_of[] = {
	{ 1u << 0, BTN_LEFT },
	{ 1u << 1, BTN_MIDDLE },
	{ 1u << 2, BTN_RIGHT },
	{ 1u << 7, BTN_SIDE },
	{ 1u << 8, BTN_EXTRA },
};

/*
 * A guest that does not read loses events, and nobody waits for it. What it
 * writes as in_cons is only ever compared.
 */
static void put(struct input *in, const union xenkbd_in_event *event)
{
	if (!in->page)
		return;
	if (in->prod - load(&in->page->in_cons) >= XENKBD_IN_RING_LEN) {
		in->dropped++;
		return;
	}
	XENKBD_IN_RING_REF(in->page, in->prod) = *event;
	in->prod++;
	store(&in->page->in_prod, in->prod);
}

static void put_key(struct input *in, uint16_t code, bool down)
{
	union xenkbd_in_event event;

	memset(&event, 0, sizeof(event));
	event.key.type = XENKBD_TYPE_KEY;
	event.key.pressed = down;
	event.key.keycode = code;
	put(in, &event);
}

static void put_position(struct input *in, int32_t x, int32_t y, int32_t wheel)
{
	union xenkbd_in_event event;

	memset(&event, 0, sizeof(event));
	event.pos.type = XENKBD_TYPE_POS;
	event.pos.abs_x = x;
	event.pos.abs_y = y;
	event.pos.rel_z = wheel;
	put(in, &event);
}

static void flush(struct input *in)
{
	if (in->page)
		in->notify(in);
}

/**
 * input_attach - the guest has a page
 * @in: without one
 * @page: mapped; events go on where an earlier backend stopped
 */
void input_attach(struct input *in, struct xenkbd_page *page)
{
	in->page = page;
	in->prod = load(&page->in_prod);
	memset(in->down, 0, sizeof(in->down));
}

void input_detach(struct input *in)
{
	in->page = NULL;
}

/* Two viewers may hold the same key: the guest sees the first and the last. */
static void press(struct input *in, struct input_held *held, uint16_t code,
		  bool down)
{
	uint8_t bit = 1 << code % 8, *byte;

	if (!code || code >= INPUT_CODES)
		return;
	byte = &held->keys[code / 8];
	if (down == !!(*byte & bit)) {
		/* the viewer's own repetition of a key that is down */
		if (down && code < BTN_MISC)
			put_key(in, code, true);
		return;
	}
	*byte ^= bit;
	/* pressed before the guest's driver came back: it does not know */
	if (!down && !in->down[code])
		return;
	in->down[code] += down ? 1 : -1;
	if (in->down[code] == down)
		put_key(in, code, down);
}

/**
 * input_key - a viewer has pressed a key or let it go
 * @in: of the guest
 * @held: of the viewer
 * @code: Linux' code; 0 is none
 * @down: pressed
 */
void input_key(struct input *in, struct input_held *held, uint16_t code, bool down)
{
	press(in, held, code, down);
	flush(in);
}

static bool holds(const struct input *in, uint16_t code)
{
	return in->down[code];
}

/* A modifier that is not as the character needs it, for as long as it takes. */
static void bend(struct input *in, uint16_t left, uint16_t right, bool want,
		 bool back)
{
	bool l = holds(in, left), r = holds(in, right);

	if (want && !l && !r) {
		put_key(in, left, !back);
	} else if (!want) {
		if (l)
			put_key(in, left, back);
		if (r)
			put_key(in, right, back);
	}
}

static void bend_all(struct input *in, const struct stroke *stroke, bool back)
{
	bend(in, KEY_LEFTSHIFT, KEY_RIGHTSHIFT, stroke->shift, back);
	bend(in, KEY_RIGHTALT, KEY_RIGHTALT, stroke->altgr, back);
}

static bool is_modifier(uint16_t code)
{
	switch (code) {
	case KEY_LEFTSHIFT:
	case KEY_RIGHTSHIFT:
	case KEY_LEFTCTRL:
	case KEY_RIGHTCTRL:
	case KEY_LEFTALT:
	case KEY_RIGHTALT:
	case KEY_LEFTMETA:
	case KEY_RIGHTMETA:
	case KEY_CAPSLOCK:
	case KEY_NUMLOCK:
		return true;
	default:
		return false;
	}
}

/**
 * input_symbol - the same of a viewer that only tells what is printed on a key
 * @in: of the guest
 * @held: of the viewer
 * @keysym: X's symbol; one that the layout lacks is ignored
 * @down: pressed
 */
void input_symbol(struct input *in, struct input_held *held, uint32_t keysym,
		  bool down)
{
	struct stroke stroke;

	if (!keys_symbol(keysym, &stroke))
		return;
	if (down && !is_modifier(stroke.code)) {
		bend_all(in, &stroke, false);
		press(in, held, stroke.code, true);
		bend_all(in, &stroke, true);
	} else {
		press(in, held, stroke.code, down);
	}
	flush(in);
}

/**
 * input_stroke - press a key and let it go, as for a text
 * @in: of the guest
 * @stroke: the key
 */
void input_stroke(struct input *in, const struct stroke *stroke)
{
	bend_all(in, stroke, false);
	put_key(in, stroke->code, true);
	put_key(in, stroke->code, false);
	bend_all(in, stroke, true);
	flush(in);
}

/* The middle of the last pixel is not the end of the range. */
static int32_t scale(uint32_t at, uint32_t all)
{
	if (all < 2)
		return 0;
	if (at > all - 1)
		at = all - 1;
	return (uint64_t)at * INPUT_RANGE / (all - 1);
}

/**
 * input_pointer - a viewer's pointer
 * @in: of the guest
 * @held: of the viewer
 * @area: where the viewer's picture lies on the desktop
 * @x: in pixels of that picture
 * @y: in lines
 * @buttons: RFB's mask
 */
void input_pointer(struct input *in, struct input_held *held,
		   const struct input_area *area, uint32_t x, uint32_t y,
		   uint32_t buttons)
{
	uint32_t fresh = buttons & ~held->buttons, changed = buttons ^ held->buttons;
	int32_t wheel = 0;
	size_t i;

	if (fresh & RFB_WHEEL_UP)
		wheel = -1;
	else if (fresh & RFB_WHEEL_DOWN)
		wheel = 1;
	if (x >= area->width)
		x = area->width - 1;
	if (y >= area->height)
		y = area->height - 1;
	put_position(in, scale(area->x + x, area->all_width),
		     scale(area->y + y, area->all_height), wheel);
	for (i = 0; i < sizeof(buttons_of) / sizeof(buttons_of[0]); i++)
		if (changed & buttons_of[i].mask)
			press(in, held, buttons_of[i].code,
			      buttons & buttons_of[i].mask);
	held->buttons = buttons;
	flush(in);
}

/**
 * input_let_go - a viewer is gone: what it held down is let go
 * @in: of the guest
 * @held: of the viewer
 */
void input_let_go(struct input *in, struct input_held *held)
{
	uint16_t code;

	for (code = 1; code < INPUT_CODES; code++)
		if (held->keys[code / 8] & 1 << code % 8)
			press(in, held, code, false);
	held->buttons = 0;
	flush(in);
}
