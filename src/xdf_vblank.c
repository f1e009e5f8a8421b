// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "xdf_vblank.h"

/* So many events in a row at another phase move the vblanks. */
#define MAX_OUTLIERS	8
/* Where that did not help, the backend's events follow our vblanks. */
#define MAX_MOVES	2

/* There was a vblank at that time; the others follow from it. */
static void vblank_set(struct xdf_vblank *v, u64 time)
{
	v->time = time;
	v->next = time + v->period;
	v->outliers = 0;
	v->moves = 0;
}

/* When the last vblank was, not later than now, also when no tick has noted it. */
u64 xdf_vblank_last(const struct xdf_vblank *v, u64 now)
{
	if (now < v->next)
		return v->time;
	return v->next +
	       div64_u64(now - v->next, v->period) * v->period;
}

/* Notes the vblank that is due; true when there was one since the last call. */
bool xdf_vblank_tick(struct xdf_vblank *v, u64 now)
{
	if (now < v->next)
		return false;
	v->time = xdf_vblank_last(v, now);
	v->next = v->time + v->period;
	return true;
}

/*
 * A mode begins. A backend does not start its refreshes again for us: what was
 * learned of their phase is kept as long as they are equally long.
 */
void xdf_vblank_start(struct xdf_vblank *v, u64 period, u64 now)
{
	if (v->next && period == v->period) {
		xdf_vblank_tick(v, now);
		return;
	}
	v->period = period;
	vblank_set(v, now);
}

/* Follows slowly, so that an event's delay does not show in the timestamps. */
static u64 vblank_step(const struct xdf_vblank *v, u64 off)
{
	return min_t(u64, off / 8, div_u64(v->period, 320));
}

static bool vblank_move(struct xdf_vblank *v, u64 now)
{
	unsigned int moves = v->moves + 1;
	bool vblank = now >= v->time + v->period / 2;

	if (vblank) {
		vblank_set(v, now);
	} else {
		/* so soon after the last one it would be taken for the same */
		v->next = now + v->period;
		v->outliers = 0;
	}
	v->moves = moves;
	return vblank;
}

/*
 * The backend has presented a framebuffer. Near a vblank the next ones move a
 * little towards the event; when events keep coming at another phase they are
 * moved there, once. True when that is a vblank, which is noted.
 */
bool xdf_vblank_event(struct xdf_vblank *v, u64 now)
{
	u64 off;

	if (now >= v->next) {
		off = now - xdf_vblank_last(v, now);
		if (off <= v->period / 4) {
			vblank_set(v, now - off);
			v->next += vblank_step(v, off);
			return true;
		}
	} else {
		off = v->next - now;
		if (off <= v->period / 4) {
			v->next -= vblank_step(v, off);
			v->outliers = 0;
			v->moves = 0;
			return false;
		}
	}
	if (v->moves == MAX_MOVES || ++v->outliers < MAX_OUTLIERS)
		return false;
	return vblank_move(v, now);
}
