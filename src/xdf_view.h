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
#include "xdf_copy.h"
#include "xdf_directory.h"
#include "xdf_gem.h"
#include "xdf_link.h"

/**
 * enum xdf_view_state - what the backend knows of a view
 * @XDF_VIEW_UNKNOWN: nothing
 * @XDF_VIEW_WANTED: nothing yet; it is told in its turn
 * @XDF_VIEW_CREATING: DBUF_CREATE is on its way
 * @XDF_VIEW_FILLING: the copy is to be filled, and mapped before when the
 *	backend's
 * @XDF_VIEW_ATTACHING: FB_ATTACH is on its way
 * @XDF_VIEW_LIVE: it can be shown
 * @XDF_VIEW_DETACHING: FB_DETACH is on its way
 * @XDF_VIEW_UNMAPPING: the backend's memory is to be unmapped
 * @XDF_VIEW_DESTROYING: DBUF_DESTROY is on its way
 * @XDF_VIEW_AGAIN: the backend rejected it; it is told in its turn, in another way
 * @XDF_VIEW_REFUSED: the backend said no, or there was no room here; nothing
 *	is left there
 */
enum xdf_view_state {
	XDF_VIEW_UNKNOWN,
	XDF_VIEW_WANTED,
	XDF_VIEW_CREATING,
	XDF_VIEW_FILLING,
	XDF_VIEW_ATTACHING,
	XDF_VIEW_LIVE,
	XDF_VIEW_DETACHING,
	XDF_VIEW_UNMAPPING,
	XDF_VIEW_DESTROYING,
	XDF_VIEW_AGAIN,
	XDF_VIEW_REFUSED,
};

/**
 * enum xdf_view_mode - how the backend gets at a picture
 * @XDF_VIEW_DIRECT: it sees the buffer's own pages, from anywhere
 * @XDF_VIEW_PIECE: the same, in one piece of memory
 * @XDF_VIEW_IMPORTED: the same, another driver's
 * @XDF_VIEW_COPY: it sees a copy, in the guest's memory
 * @XDF_VIEW_BACKEND: it sees a copy, in its own memory
 * @XDF_VIEW_MODES: number of them
 */
enum xdf_view_mode {
	XDF_VIEW_DIRECT,
	XDF_VIEW_PIECE,
	XDF_VIEW_IMPORTED,
	XDF_VIEW_COPY,
	XDF_VIEW_BACKEND,
	XDF_VIEW_MODES,
};

/**
 * struct xdf_views_count - what the backend has of ours
 * @count: pictures, by mode
 * @bytes: in them
 */
struct xdf_views_count {
	unsigned int count[XDF_VIEW_MODES];
	u64 bytes[XDF_VIEW_MODES];
};

/**
 * struct xdf_views - all views of a card
 * @drm: the card; every view holds it
 * @link: the way to the backend; buffers go over channel 0
 * @mutex: of @list and of announcing; never held over a wait for the backend
 * @lock: of the views' states and @up, taken in interrupts
 * @list: of struct xdf_view
 * @be_alloc: the backend allocates
 * @no_alloc: this backend was found not to
 * @rejected: formats that this backend was found not to take, a mask of
 *	xdf_format_bit()
 * @cookie: the last one given out; none is used twice
 * @up: the link is
 * @settled: woken when a view's state changes
 * @answered: told when a view can be shown, or never will be; any context,
 *	must not sleep
 */
struct xdf_views {
	struct drm_device *drm;
	struct xdf_link *link;
	struct mutex mutex;
	spinlock_t lock;
	struct list_head list;
	bool be_alloc;
	bool no_alloc;
	u32 rejected;
	u64 cookie;
	bool up;
	wait_queue_head_t settled;
	void (*answered)(struct xdf_views *views);
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
 * @wire_format: what the backend is told instead of @format; the same, unless
 *	the backend rejects that
 * @alloc_error: why the backend did not allocate it, or 0
 * @again: there is another way to announce it, once nothing is left of this one
 * @mode: how it was announced; valid when it was
 * @size: octets of it at the backend
 * @shared: holds the buffer's grants
 * @copy_lock: of @copy; none is taken below it
 * @copy: what the backend sees instead of the buffer, or NULL
 * @grants: the copy's, when its memory is ours
 * @dir: the directory, until the backend has read or filled it
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
	u32 wire_format;
	int alloc_error;
	bool again;
	enum xdf_view_mode mode;
	u32 size;
	bool shared;
	struct mutex copy_lock;
	struct xdf_copy *copy;
	struct xdf_grants *grants;
	struct xdf_directory *dir;
	struct xdf_request rq;
	struct work_struct work;
};

void xdf_views_init(struct xdf_views *views, struct drm_device *drm,
		    struct xdf_link *link, bool be_alloc,
		    void (*answered)(struct xdf_views *views));
void xdf_views_up(struct xdf_views *views);
void xdf_views_down(struct xdf_views *views);
void xdf_views_count(struct xdf_views *views, struct xdf_views_count *count);

struct xdf_view *xdf_view_create(struct xdf_views *views, struct xdf_gem *gem,
				 const struct xdf_layout *layout, u32 format);
int xdf_view_wait(struct xdf_view *view);
void xdf_view_ask(struct xdf_view *view);
void xdf_view_put(struct xdf_view *view);
int xdf_view_update(struct xdf_view *view, const struct drm_rect *rect);
int xdf_view_read(struct xdf_view *view,
		  void (*line)(void *data, const u32 *pixels, u32 width),
		  void *data);

static inline struct xdf_view *xdf_view_get(struct xdf_view *view)
{
	if (view)
		kref_get(&view->ref);
	return view;
}

static inline bool xdf_view_is_live(const struct xdf_view *view)
{
	/* what goes with the state, the cookies, is read after it */
	return smp_load_acquire(&view->state) == XDF_VIEW_LIVE;
}

static inline bool xdf_view_is_refused(const struct xdf_view *view)
{
	/* the error, too */
	return smp_load_acquire(&view->state) == XDF_VIEW_REFUSED;
}

u32 xdf_view_bpp(const struct xdf_view *view);

int xdf_view_module_init(void);
void xdf_view_module_exit(void);

#endif /* XDF_VIEW_H */
