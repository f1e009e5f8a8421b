/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* When a head's vertical blanking is, by what the backend says. */
#ifndef XDF_CLOCK_H
#define XDF_CLOCK_H

#include "xdf_port.h"

/**
 * struct xdf_clock - vblanks at equal distances; all in ns of monotonic time
 * @time: of the last one
 * @next: of the next one
 * @period: of the mode
 * @odd: events in a row that fit no vblank
 * @moves: how often in a row that has moved the clock
 */
struct xdf_clock {
	u64 time;
	u64 next;
	u64 period;
	unsigned int odd;
	unsigned int moves;
};

void xdf_clock_start(struct xdf_clock *clock, u64 period, u64 now);
u64 xdf_clock_last(const struct xdf_clock *clock, u64 now);
bool xdf_clock_tick(struct xdf_clock *clock, u64 now);
bool xdf_clock_event(struct xdf_clock *clock, u64 now);

#endif /* XDF_CLOCK_H */
