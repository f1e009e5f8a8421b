/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* When an output's vblanks are, by what the backend says. */
#ifndef XDF_VBLANK_H
#define XDF_VBLANK_H

#include "xdf_port.h"

/* Vblanks at equal distances; all in ns of monotonic time. */
struct xdf_vblank {
	u64 time;		/* of the last one */
	u64 next;		/* of the next one */
	u64 period;		/* of the mode */
	unsigned int outliers;	/* events in a row that fit no vblank */
	unsigned int moves;	/* how often in a row that has moved the vblanks */
};

void xdf_vblank_start(struct xdf_vblank *vblank, u64 period, u64 now);
u64 xdf_vblank_last(const struct xdf_vblank *vblank, u64 now);
bool xdf_vblank_tick(struct xdf_vblank *vblank, u64 now);
bool xdf_vblank_event(struct xdf_vblank *vblank, u64 now);

#endif /* XDF_VBLANK_H */
