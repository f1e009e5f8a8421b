// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "xdf_flight.h"

/**
 * xdf_flights_init - an empty table
 * @f: the table
 */
void xdf_flights_init(struct xdf_flights *f)
{
	memset(f, 0, sizeof(*f));
}

/**
 * xdf_flights_add - enter a request
 * @f: the table
 * @op: its operation
 * @data: what xdf_flights_take() shall give back
 * @id: result, the id to send: no response to an earlier request has it
 *
 * Return: 0, or -EBUSY when the table is full.
 */
int xdf_flights_add(struct xdf_flights *f, u8 op, void *data, u16 *id)
{
	u16 i;

	for (i = 0; i < XDF_FLIGHTS; i++)
		if (!f->slot[i].busy)
			break;
	if (i == XDF_FLIGHTS)
		return -EBUSY;
	f->turn++;
	f->slot[i].id = f->turn * XDF_FLIGHTS + i;
	f->slot[i].op = op;
	f->slot[i].data = data;
	f->slot[i].busy = true;
	f->used++;
	*id = f->slot[i].id;
	return 0;
}

/**
 * xdf_flights_take - find the request that a response answers
 * @f: the table
 * @id: as the response has it
 * @op: as the response has it
 * @data: result; NULL when the request was abandoned
 *
 * The slot is free again afterwards.
 *
 * Return: 0, or -EPROTO when no such request is in flight.
 */
int xdf_flights_take(struct xdf_flights *f, u16 id, u8 op, void **data)
{
	u16 i = id % XDF_FLIGHTS;

	if (!f->slot[i].busy || f->slot[i].id != id || f->slot[i].op != op)
		return -EPROTO;
	*data = f->slot[i].data;
	f->slot[i].data = NULL;
	f->slot[i].busy = false;
	f->used--;
	return 0;
}

/**
 * xdf_flights_abandon - nobody waits any more, but the response may yet come
 * @f: the table
 * @id: of a request in flight
 */
void xdf_flights_abandon(struct xdf_flights *f, u16 id)
{
	f->slot[id % XDF_FLIGHTS].data = NULL;
}
