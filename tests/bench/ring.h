/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The page of the ping-pong: slots as large as a display's, and no more of them than one. */
#ifndef RING_H
#define RING_H

#include <stdint.h>

struct slot {
	uint8_t bytes[64];
};

struct ring {
	uint32_t asked, answered;
	struct slot request, response, event;
};

#endif
