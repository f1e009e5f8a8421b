/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The table of requests in flight on one ring. */
#ifndef XDF_FLIGHT_H
#define XDF_FLIGHT_H

#include "xdf_port.h"

/* As many as a request ring has slots; a power of two. */
#define XDF_FLIGHTS	32

/**
 * struct xdf_flights - who waits for which response
 * @turn: makes the ids of one slot differ from use to use
 * @used: slots taken
 * @slot: the requests; @data is NULL once nobody waits any more
 *
 * No locking of its own.
 */
struct xdf_flights {
	u16 turn;
	u16 used;
	struct {
		void *data;
		u16 id;
		u8 op;
		bool busy;
	} slot[XDF_FLIGHTS];
};

void xdf_flights_init(struct xdf_flights *f);
int xdf_flights_add(struct xdf_flights *f, u8 op, void *data, u16 *id);
int xdf_flights_take(struct xdf_flights *f, u16 id, u8 op, void **data);
void xdf_flights_abandon(struct xdf_flights *f, u16 id);

#endif /* XDF_FLIGHT_H */
