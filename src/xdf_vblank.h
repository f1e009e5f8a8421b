/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* When an output's vblanks are, by what the backend says. */
#ifndef XDF_VBLANK_H
#define XDF_VBLANK_H

#include "xdf_port.h"

/**
 * struct xdf_vblank - vblanks at equal distances; all in ns of monotonic time
 * @time: of the last one
 * @next: of the next one
 * @period: of the mode
 * @outliers: events in a row that fit no vblank
 * @moves: how often in a row that has moved the vblanks
 */
struct xdf_vblank {
	u64 time;
	u64 next;
	u64 period;
	unsigned int outliers;
	unsigned int moves;
};

void xdf_vblank_start(struct xdf_vblank *vblank, u64 period, u64 now);
u64 xdf_vblank_last(const struct xdf_vblank *vblank, u64 now);
bool xdf_vblank_tick(struct xdf_vblank *vblank, u64 now);
bool xdf_vblank_event(struct xdf_vblank *vblank, u64 now);

#endif /* XDF_VBLANK_H */
