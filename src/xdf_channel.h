/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* One connector's ring, event page and interrupts. */
#ifndef XDF_CHANNEL_H
#define XDF_CHANNEL_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <xen/interface/io/ring.h>
#include <xen/xenbus.h>

#include "displif_wire.h"
#include "xdf_flight.h"
#include "xdf_grants.h"

DEFINE_RING_TYPES(displif, struct displif_req, struct displif_resp);

struct xdf_request;

/**
 * typedef xdf_request_done - the end of a request
 * @rq: the request, the caller's again
 *
 * Called once for every request that xdf_channel_submit() took. @rq->status
 * is 0, the backend's error, -ETIMEDOUT, or -ENODEV when the link was lost.
 *
 * Context: any but NMI, no lock of the channel's held; must not sleep.
 */
typedef void (*xdf_request_done)(struct xdf_request *rq);

/**
 * struct xdf_request - one request to the backend
 * @wire: as built by xdf_displif_*(); the channel sets the id
 * @done: called at the end
 * @status: result, 0 or a negative errno
 * @resp: result, a private copy of the response; valid when @status came with one
 * @entry: the channel's
 * @since: the channel's: when it was submitted, or one before it answered
 */
struct xdf_request {
	struct displif_req wire;
	xdf_request_done done;
	int status;
	struct displif_resp resp;
	struct list_head entry;
	unsigned long since;
};

/**
 * struct xdf_channel_ops - what the owner of a channel is told
 * @event: a flip was presented; any context, must not sleep
 * @broken: the backend broke the protocol or does not answer; any context,
 *	must not sleep. The channel is of no use any more; @why is constant.
 */
struct xdf_channel_ops {
	void (*event)(void *data, unsigned int index, u64 fb_cookie);
	void (*broken)(void *data, unsigned int index, const char *why);
};

/* One event channel with the page it speaks for. */
struct xdf_port {
	struct page *page;
	struct xdf_grants *grant;
	evtchn_port_t port;
	int irq;
};

/**
 * struct xdf_channel - one connector's way to the backend
 * @index: the channel's place among the device's
 * @node: the connector's number in XenStore
 * @ops: the owner's
 * @data: the owner's
 * @name: the device's, for traces
 * @lock: of all that follows, taken in interrupts
 * @open: requests are taken
 * @ring: private half of the request ring
 * @flights: requests on the ring
 * @live: the same, oldest first
 * @backlog: requests that wait for a free slot
 * @evt_cons: our copy of the index that the backend could overwrite
 * @req: the request ring's page and port
 * @evt: the event page and its port
 *
 * Lives as long as its owner; open from xdf_channel_open() to
 * xdf_channel_close(), any number of times.
 */
struct xdf_channel {
	unsigned int index;
	u32 node;
	const struct xdf_channel_ops *ops;
	void *data;
	const char *name;
	spinlock_t lock;
	bool open;
	struct displif_front_ring ring;
	struct xdf_flights flights;
	struct list_head live;
	struct list_head backlog;
	u32 evt_cons;
	struct xdf_port req;
	struct xdf_port evt;
};

void xdf_channel_init(struct xdf_channel *ch, unsigned int index,
		      const struct xdf_channel_ops *ops, void *data);
int xdf_channel_open(struct xdf_channel *ch, struct xenbus_device *xdev,
		     u32 node);
void xdf_channel_abort(struct xdf_channel *ch);
void xdf_channel_close(struct xdf_channel *ch);
int xdf_channel_publish(struct xdf_channel *ch, struct xenbus_transaction xbt,
			const char *dir);
int xdf_channel_submit(struct xdf_channel *ch, struct xdf_request *rq);
void xdf_channel_panic(struct xdf_channel *ch, struct displif_req *wire);
bool xdf_channel_expire(struct xdf_channel *ch);

#endif /* XDF_CHANNEL_H */
