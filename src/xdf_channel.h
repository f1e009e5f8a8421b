/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* One connector's request ring, event page and interrupts. */
#ifndef XDF_CHANNEL_H
#define XDF_CHANNEL_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <xen/interface/io/ring.h>
#include <xen/xenbus.h>

#include "xdf_grants.h"

DEFINE_RING_TYPES(displif, struct displif_req, struct displif_resp);

/* One request to the backend. */
struct xdf_request {
	struct displif_req wire;	/* the channel sets the id */
	u32 epoch;			/* of the connection that it is for */
	bool quiet;			/* need not ring: polled for until its event */
	/*
	 * called once at the end of each request that was taken; or NULL, and @answered is
	 * completed. Context: any but NMI, without the channel's lock; must not sleep
	 */
	void (*done)(struct xdf_request *rq);
	struct completion answered;	/* see @done */
	int status;			/* 0, the backend's, -ETIMEDOUT, -ENODEV */
	struct displif_resp resp;	/* a private copy, if there was one */
	struct list_head entry;		/* the channel's, as what follows */
	unsigned long since;		/* the last progress, in jiffies */
	bool sent;			/* is on the ring */
};

/* An event channel with the page it is for. */
struct xdf_port {
	void *page;
	struct xdf_grants *grants;
	evtchn_port_t port;
	int irq;
};

/* A connector's rings, open from xdf_channel_open() to xdf_channel_close(), again and again. */
struct xdf_channel {
	u32 node;			/* its number in XenStore; constant once @present was set */
	bool present;			/* XenStore has the connector: released, and acquired */
	/* a framebuffer was presented; was it waited for? Context: any but NMI, must not sleep */
	bool (*event)(struct xdf_channel *ch, u64 fb_cookie);
	/* all requests have ended, no event comes any more. Context: may sleep */
	void (*closed)(struct xdf_channel *ch);
	struct delayed_work *fault;	/* queued when @broken is set */
	struct delayed_work *watchdog;	/* queued while there are requests */
	const char *name;		/* the device's, for traces */
	const char *broken;		/* what the backend did wrong, or NULL */
	unsigned int strays;		/* events in a row that nobody waited for */
	spinlock_t lock;		/* of all that follows; taken in interrupts */
	bool open;			/* requests are taken */
	u32 epoch;			/* of the connection */
	struct displif_front_ring ring;	/* private half of the request ring */
	u16 id;				/* of the next request */
	unsigned int abandoned;		/* requests on the ring for which nobody waits */
	struct list_head requests;	/* the others there, then those that wait for a free slot */
	u32 evt_cons;			/* the backend could overwrite its copy */
	struct xdf_port req;		/* the request ring's page and port */
	struct xdf_port evt;		/* the event page and its port */
};

void xdf_channel_init(struct xdf_channel *ch);
int xdf_channel_open(struct xdf_channel *ch, struct xenbus_device *xdev, u32 epoch);
void xdf_channel_abort(struct xdf_channel *ch);
void xdf_channel_close(struct xdf_channel *ch);
int xdf_channel_publish(struct xdf_channel *ch, struct xenbus_transaction xbt, const char *dir);
int xdf_channel_submit(struct xdf_channel *ch, struct xdf_request *rq);
int xdf_channel_begin(struct xdf_channel *ch, struct xdf_request *rq, u32 epoch);
int xdf_channel_call(struct xdf_channel *ch, struct xdf_request *rq, u32 epoch);
void xdf_channel_poll(struct xdf_channel *ch);
void xdf_channel_panic(struct xdf_channel *ch, struct displif_req *wire);
bool xdf_channel_expire(struct xdf_channel *ch, bool *busy);

#endif /* XDF_CHANNEL_H */
