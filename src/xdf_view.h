/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Pictures in buffers, as the backend knows them. */
#ifndef XDF_VIEW_H
#define XDF_VIEW_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "xdf_channel.h"
#include "xdf_config.h"
#include "xdf_gem.h"
#include "xdf_link.h"

/**
 * enum xdf_view_state - what the backend knows of a view
 * @XDF_VIEW_UNKNOWN: nothing
 * @XDF_VIEW_CREATING: DBUF_CREATE is on its way
 * @XDF_VIEW_ATTACHING: FB_ATTACH is on its way
 * @XDF_VIEW_LIVE: it can be shown
 * @XDF_VIEW_DETACHING: FB_DETACH is on its way
 * @XDF_VIEW_DESTROYING: DBUF_DESTROY is on its way
 * @XDF_VIEW_REFUSED: the backend said no; nothing is left there
 */
enum xdf_view_state {
	XDF_VIEW_UNKNOWN,
	XDF_VIEW_CREATING,
	XDF_VIEW_ATTACHING,
	XDF_VIEW_LIVE,
	XDF_VIEW_DETACHING,
	XDF_VIEW_DESTROYING,
	XDF_VIEW_REFUSED,
};

/**
 * struct xdf_views_count - what the backend has of ours
 * @count: buffers
 * @bytes: in them, each view counted whole
 */
struct xdf_views_count {
	unsigned int count;
	u64 bytes;
};

/**
 * struct xdf_views - all views of a card
 * @drm: the card; every view holds it
 * @link: the way to the backend; buffers go over channel 0
 * @mutex: of @list and of announcing; never held over a wait for the backend
 * @lock: of the views' states, taken in interrupts
 * @list: of struct xdf_view
 * @cookie: the last one given out; none is used twice
 * @up: the link is
 * @settled: woken when a view's state changes
 * @live: told when a view can be shown; any context, must not sleep
 */
struct xdf_views {
	struct drm_device *drm;
	struct xdf_link *link;
	struct mutex mutex;
	spinlock_t lock;
	struct list_head list;
	u64 cookie;
	bool up;
	wait_queue_head_t settled;
	void (*live)(struct xdf_views *views);
};

/**
 * struct xdf_view - one picture
 * @ref: users: framebuffers, and what heads show or shall show
 * @views: where it belongs
 * @entry: in the list of all
 * @gem: the buffer, held
 * @layout: where in the buffer
 * @format: DRM fourcc
 * @dbuf_cookie: the buffer's name on the wire
 * @fb_cookie: the picture's name on the wire
 * @state: under xdf_views.lock
 * @retired: the last user is gone
 * @error: why it was refused
 * @shared: holds the buffer's grants
 * @dir: the directory's grants, until the backend has read it
 * @rq: the one request on its way
 * @work: ends it
 *
 * Exists from xdf_view_create() until the last xdf_view_put() and the
 * backend's farewell to it, for which nobody waits.
 */
struct xdf_view {
	struct kref ref;
	struct xdf_views *views;
	struct list_head entry;
	struct xdf_gem *gem;
	struct xdf_layout layout;
	u32 format;
	u64 dbuf_cookie;
	u64 fb_cookie;
	enum xdf_view_state state;
	bool retired;
	int error;
	bool shared;
	struct xdf_grants *dir;
	struct xdf_request rq;
	struct work_struct work;
};

void xdf_views_init(struct xdf_views *views, struct drm_device *drm,
		    struct xdf_link *link,
		    void (*live)(struct xdf_views *views));
void xdf_views_up(struct xdf_views *views);
void xdf_views_down(struct xdf_views *views);
void xdf_views_count(struct xdf_views *views, struct xdf_views_count *count);

struct xdf_view *xdf_view_create(struct xdf_views *views, struct xdf_gem *gem,
				 const struct xdf_layout *layout, u32 format);
int xdf_view_wait(struct xdf_view *view);
void xdf_view_put(struct xdf_view *view);

static inline struct xdf_view *xdf_view_get(struct xdf_view *view)
{
	if (view)
		kref_get(&view->ref);
	return view;
}

static inline bool xdf_view_is_live(const struct xdf_view *view)
{
	return READ_ONCE(view->state) == XDF_VIEW_LIVE;
}

int xdf_view_module_init(void);
void xdf_view_module_exit(void);

#endif /* XDF_VIEW_H */
