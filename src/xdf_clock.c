// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "xdf_clock.h"

/* So many events in a row at an odd phase move the clock. */
#define ODD_EVENTS	8
/* Where that did not help, the backend's events follow our vblanks. */
#define MAX_MOVES	2

/* There was a vblank at that time; the others follow from it. */
static void clock_set(struct xdf_clock *clock, u64 time)
{
	clock->time = time;
	clock->next = time + clock->period;
	clock->odd = 0;
	clock->moves = 0;
}

/**
 * xdf_clock_last - when the last vblank was, also when no tick has noted it
 * @clock: the clock
 * @now: the time
 *
 * Return: its time, not later than @now.
 */
u64 xdf_clock_last(const struct xdf_clock *clock, u64 now)
{
	if (now < clock->next)
		return clock->time;
	return clock->next +
	       div64_u64(now - clock->next, clock->period) * clock->period;
}

/**
 * xdf_clock_tick - note the vblank that is due
 * @clock: the clock
 * @now: the time
 *
 * Return: whether there was one since the last call.
 */
bool xdf_clock_tick(struct xdf_clock *clock, u64 now)
{
	if (now < clock->next)
		return false;
	clock->time = xdf_clock_last(clock, now);
	clock->next = clock->time + clock->period;
	return true;
}

/**
 * xdf_clock_start - a mode begins
 * @clock: the clock, without vblanks before the first mode
 * @period: of the mode's refresh
 * @now: the time
 *
 * A backend does not begin its refreshes anew for us: what the clock has
 * learned of their phase is kept as long as they are equally long.
 */
void xdf_clock_start(struct xdf_clock *clock, u64 period, u64 now)
{
	if (clock->next && period == clock->period) {
		xdf_clock_tick(clock, now);
		return;
	}
	clock->period = period;
	clock_set(clock, now);
}

/* Follows slowly, so that an event's delay does not show in the timestamps. */
static u64 clock_step(const struct xdf_clock *clock, u64 off)
{
	return min_t(u64, off / 8, div_u64(clock->period, 320));
}

static bool clock_move(struct xdf_clock *clock, u64 now)
{
	unsigned int moves = clock->moves + 1;
	bool vblank = now >= clock->time + clock->period / 2;

	if (vblank) {
		clock_set(clock, now);
	} else {
		/* so soon after the last one it would be taken for the same */
		clock->next = now + clock->period;
		clock->odd = 0;
	}
	clock->moves = moves;
	return vblank;
}

/**
 * xdf_clock_event - the backend has shown a picture
 * @clock: the clock
 * @now: the time
 *
 * Near a vblank the clock moves a little towards the event. When the events
 * keep coming at another phase it is moved there, once.
 *
 * Return: whether that is a vblank, which is noted.
 */
bool xdf_clock_event(struct xdf_clock *clock, u64 now)
{
	u64 off;

	if (now >= clock->next) {
		off = now - xdf_clock_last(clock, now);
		if (off <= clock->period / 4) {
			clock_set(clock, now - off);
			clock->next += clock_step(clock, off);
			return true;
		}
	} else {
		off = clock->next - now;
		if (off <= clock->period / 4) {
			clock->next -= clock_step(clock, off);
			clock->odd = 0;
			clock->moves = 0;
			return false;
		}
	}
	if (clock->moves == MAX_MOVES || ++clock->odd < ODD_EVENTS)
		return false;
	return clock_move(clock, now);
}
