/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The connection to the backend, made again whenever it was lost. */
#ifndef XDF_BACKEND_H
#define XDF_BACKEND_H

#include <linux/mutex.h>
#include <linux/notifier.h>

#include "xdf_channel.h"

enum xdf_backend_state {
	XDF_BACKEND_DOWN,	/* no rings; waits for a backend in InitWait */
	XDF_BACKEND_OFFERED,	/* rings published; waits for the backend to bind them */
	XDF_BACKEND_UP,		/* requests are taken */
	XDF_BACKEND_GONE,	/* the device goes; no way back */
};

struct xdf_backend {
	struct xenbus_device *xdev;	/* not to be used once GONE */
	struct xdf_channel **channels;	/* of the connectors, number 0 first */
	unsigned int count;
	struct workqueue_struct *wq;	/* unbound; waited for before the module goes */
	struct work_struct *changed;	/* queued when @state became or was UP */
	struct mutex mutex;		/* of every step */
	unsigned int noio;		/* of who holds @mutex, to be restored */
	enum xdf_backend_state state;	/* written under @mutex */
	u32 epoch;			/* what was made known in another is forgotten */
	u32 version;			/* of the protocol, as agreed with this backend */
	bool unversioned;		/* the backend names none: found by asking */
	unsigned int losses;		/* connections lost, ever */
	unsigned int faults;		/* the protocol broken, or no answer */
	bool stopping;			/* the device goes, or the guest goes down */
	u32 ready;			/* the epoch in which userspace can use it */
	const char *lost;		/* why it has to be made again, or NULL */
	struct delayed_work step;	/* calls xenwatch */
	struct delayed_work watchdog;	/* looks for requests that take too long */
	struct xenbus_watch xenwatch;	/* calls xenwatch, when set */
	bool called;			/* it is set */
	struct notifier_block reboot;	/* told when the guest goes down */
	unsigned int failures;		/* within a minute of one another */
	unsigned long failed_at;	/* the last one, in jiffies */
	unsigned long offer_at;		/* no rings are offered before, in jiffies */
};

void xdf_backend_init(struct xdf_backend *b, struct xenbus_device *xdev,
		      struct workqueue_struct *wq, struct work_struct *changed);
void xdf_backend_start(struct xdf_backend *b);
void xdf_backend_changed(struct xdf_backend *b);
void xdf_backend_ready(struct xdf_backend *b, u32 epoch);
void xdf_backend_fail(struct xdf_backend *b, int err, const char *what);
void xdf_backend_renew(struct xdf_backend *b, const char *why);
void xdf_backend_suspend(struct xdf_backend *b);
void xdf_backend_resume(struct xdf_backend *b);
void xdf_backend_stop(struct xdf_backend *b);

static inline bool xdf_backend_is_up(const struct xdf_backend *b)
{
	return READ_ONCE(b->state) == XDF_BACKEND_UP;
}

#endif /* XDF_BACKEND_H */
