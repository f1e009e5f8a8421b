// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/mm.h>
#include <linux/slab.h>
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>

#include "xdf_displif.h"
#include "xdf_format.h"
#include "xdf_view.h"

/* Ends views; the module waits for it before it goes. */
static struct workqueue_struct *view_wq;

static void view_advance(struct xdf_view *view);
static void view_announce_next(struct xdf_views *views);

/* For its turn to be told of. */
static bool view_waits(const struct xdf_view *view)
{
	return view->state == XDF_VIEW_WANTED || view->state == XDF_VIEW_AGAIN;
}

static void view_drop_copy(struct xdf_view *view)
{
	struct xdf_copy *copy = NULL;

	mutex_lock(&view->copy_lock);
	swap(copy, view->copy);
	mutex_unlock(&view->copy_lock);
	xdf_copy_destroy(copy);
}

static void view_drop_directory(struct xdf_view *view)
{
	xdf_directory_destroy(view->dir);
	view->dir = NULL;
}

/* What is left of an announcement here, once the backend has forgotten it. */
static void view_unshare(struct xdf_view *view)
{
	view_drop_directory(view);
	view_drop_copy(view);
	xdf_grants_release(view->grants);
	view->grants = NULL;
	if (view->shared)
		xdf_gem_unshare(view->gem);
	view->shared = false;
}

/*
 * Waits for whoever draws in the buffer, another driver perhaps: under no lock
 * that the bus's thread takes when the link comes and goes.
 */
static int view_begin_read(struct xdf_view *view)
{
	int ret = xdf_gem_begin_read(view->gem);

	if (ret && ret != -ERESTARTSYS && ret != -EINTR)
		drm_warn_once(view->views->drm,
			      "an imported buffer could not be read: its part of the screen stays as it was\n");
	return ret;
}

/* The backend has filled the directory: its memory becomes the copy. */
static int view_map(struct xdf_view *view)
{
	domid_t domid = view->views->link->xdev->otherend_id;
	u32 *refs;
	int ret;

	refs = kvmalloc_array(view->dir->count, sizeof(*refs), GFP_KERNEL);
	if (!refs)
		return -ENOMEM;
	xdf_directory_read(view->dir, refs);
	mutex_lock(&view->copy_lock);
	ret = xdf_copy_map(view->copy, domid, refs);
	mutex_unlock(&view->copy_lock);
	kvfree(refs);
	if (ret)
		drm_err(view->views->drm,
			"the backend's memory for a buffer of %u bytes is of no use (error %d)\n",
			view->copy->size, ret);
	return ret;
}

static int view_fill(struct xdf_view *view, bool readable)
{
	int ret = view->mode == XDF_VIEW_BACKEND ? view_map(view) : 0;

	if (ret || !readable)
		return ret;
	mutex_lock(&view->copy_lock);
	xdf_copy_update(view->copy, NULL);
	mutex_unlock(&view->copy_lock);
	return 0;
}

/* What a response asks for and cannot be done where it arrives. */
static void view_step(struct xdf_view *view, bool fill, bool readable)
{
	struct xdf_views *views = view->views;
	enum xdf_view_state next = view->state;
	int ret = 0;

	switch (view->state) {
	case XDF_VIEW_FILLING:
		/* only since this work began, which runs again then */
		if (!fill)
			return;
		ret = READ_ONCE(view->retired) ? -ECANCELED :
			view_fill(view, readable);
		next = ret ? XDF_VIEW_UNMAPPING : XDF_VIEW_ATTACHING;
		break;
	case XDF_VIEW_UNMAPPING:
		break;
	default:
		return;
	}
	if (next == XDF_VIEW_UNMAPPING) {
		/* before the backend is asked to free it */
		view_drop_copy(view);
		next = XDF_VIEW_DESTROYING;
	}
	spin_lock_irq(&views->lock);
	if (ret)
		view->error = ret;
	view->state = next;
	view_advance(view);
	/* retired while it was mapped */
	if (view->state == XDF_VIEW_UNMAPPING)
		queue_work(view_wq, &view->work);
	spin_unlock_irq(&views->lock);
	wake_up_all(&views->settled);
}

/*
 * After every change of state: the directory goes once it was read, the
 * grants once nothing is left at the backend, the view with its last user.
 * Then it may be another view's turn.
 */
static void view_work(struct work_struct *work)
{
	struct xdf_view *view = container_of(work, struct xdf_view, work);
	struct xdf_views *views = view->views;
	struct drm_device *drm = views->drm;
	bool fill = READ_ONCE(view->state) == XDF_VIEW_FILLING;
	bool readable = fill && !view_begin_read(view);
	enum xdf_view_state state;
	bool retired;

	mutex_lock(&views->mutex);
	view_step(view, fill, readable);
	spin_lock_irq(&views->lock);
	if (view->retired && view_waits(view))
		view->state = XDF_VIEW_UNKNOWN;
	state = view->state;
	/* queued again meanwhile: that run is the last one */
	retired = view->retired && !work_pending(work);
	spin_unlock_irq(&views->lock);

	/* announced anew only under the mutex: it cannot be a new one */
	if (state != XDF_VIEW_CREATING && state != XDF_VIEW_FILLING)
		view_drop_directory(view);
	if (state == XDF_VIEW_UNKNOWN || state == XDF_VIEW_REFUSED)
		view_unshare(view);
	else
		retired = false;
	if (retired)
		list_del(&view->entry);
	view_announce_next(views);
	mutex_unlock(&views->mutex);

	if (readable)
		xdf_gem_end_read(view->gem);
	/* there was no memory for the other way */
	if (state == XDF_VIEW_AGAIN && xdf_view_is_refused(view))
		views->answered(views);
	if (!retired)
		return;
	drm_gem_object_put(&view->gem->base);
	mutex_destroy(&view->copy_lock);
	kfree(view);
	drm_dev_put(drm);
}

/* The backend is asked to free its memory only when it is unmapped here. */
static enum xdf_view_state view_end(const struct xdf_view *view)
{
	return view->mode == XDF_VIEW_BACKEND ? XDF_VIEW_UNMAPPING :
		XDF_VIEW_DESTROYING;
}

static bool view_is_copied(const struct xdf_view *view)
{
	return view->mode == XDF_VIEW_COPY || view->mode == XDF_VIEW_BACKEND;
}

static u32 view_next_format(const struct xdf_view *view)
{
	u32 format = view->wire_format;

	do
		format = xdf_format_next(view->format, format);
	while (xdf_format_bit(format) & view->views->rejected);
	return format;
}

/*
 * The ways to show a picture, one after the other: memory of the backend's, if
 * it allocates, else the guest's; and that for each format that it can be shown
 * in. Under xdf_views.lock.
 */
static void view_first_way(struct xdf_view *view)
{
	view->alloc_error = 0;
	view->wire_format = view->format;
	if (xdf_format_bit(view->format) & view->views->rejected)
		view->wire_format = view_next_format(view);
}

static bool view_next_way(struct xdf_view *view, int error)
{
	/* in any way that works rather than again: rights may never come */
	if (!error || xdf_displif_is_shortage(error))
		return false;
	if (view->state == XDF_VIEW_CREATING && view->mode == XDF_VIEW_BACKEND) {
		view->alloc_error = error;
		return true;
	}
	view->alloc_error = 0;
	view->wire_format = view_next_format(view);
	return view->wire_format;
}

/*
 * What a backend cannot do is only believed once it has done the same in
 * another way: a bad framebuffer is rejected in any.
 */
static void view_learn_memory(struct xdf_view *view)
{
	struct xdf_views *views = view->views;

	if (!view->alloc_error || views->no_alloc)
		return;
	views->no_alloc = true;
	drm_warn(views->drm,
		 "the backend cannot allocate buffers (error %d), the guest's own memory is used: set be-alloc=0 in the configuration\n",
		 view->alloc_error);
}

static void view_learn_format(struct xdf_view *view)
{
	struct xdf_views *views = view->views;
	u32 format = view->format;

	for (; format != view->wire_format;
	     format = xdf_format_next(view->format, format))
		views->rejected |= xdf_format_bit(format);
}

static enum xdf_view_state view_rejected(const struct xdf_view *view)
{
	return view->again ? XDF_VIEW_AGAIN : XDF_VIEW_REFUSED;
}

static void view_done(struct xdf_request *rq)
{
	struct xdf_view *view = container_of(rq, struct xdf_view, rq);
	struct xdf_views *views = view->views;
	unsigned long flags;
	bool answered;

	spin_lock_irqsave(&views->lock, flags);
	if (rq->status == -ENODEV || rq->status == -ETIMEDOUT) {
		/* The link is lost: the backend forgets us altogether. */
		view->state = XDF_VIEW_UNKNOWN;
	} else {
		switch (view->state) {
		case XDF_VIEW_CREATING:
			view->error = rq->status;
			view->again = view_next_way(view, rq->status);
			if (!rq->status)
				view_learn_memory(view);
			view->state = rq->status ? view_rejected(view) :
				view_is_copied(view) ? XDF_VIEW_FILLING :
				XDF_VIEW_ATTACHING;
			break;
		case XDF_VIEW_ATTACHING:
			view->error = rq->status;
			view->again = view_next_way(view, rq->status);
			if (!rq->status)
				view_learn_format(view);
			view->state = rq->status ? view_end(view) :
				XDF_VIEW_LIVE;
			break;
		case XDF_VIEW_DETACHING:
			view->state = view_end(view);
			break;
		case XDF_VIEW_DESTROYING:
			view->state = view->error ? view_rejected(view) :
				XDF_VIEW_UNKNOWN;
			break;
		default:
			break;
		}
		view_advance(view);
	}
	answered = xdf_view_is_live(view) || xdf_view_is_refused(view);
	queue_work(view_wq, &view->work);
	spin_unlock_irqrestore(&views->lock, flags);

	wake_up_all(&views->settled);
	if (answered)
		views->answered(views);
}

/* Sends what the state asks for. Under xdf_views.lock. */
static void view_advance(struct xdf_view *view)
{
	struct displif_fb_attach attach = {
		.dbuf_cookie = view->dbuf_cookie,
		.fb_cookie = view->fb_cookie,
		.width = view->layout.width,
		.height = view->layout.height,
		.pixel_format = view->wire_format,
	};

	if (view->retired) {
		if (view->state == XDF_VIEW_LIVE)
			view->state = XDF_VIEW_DETACHING;
		else if (view->state == XDF_VIEW_ATTACHING)
			view->state = view_end(view);
	}
	switch (view->state) {
	case XDF_VIEW_ATTACHING:
		xdf_displif_fb_attach(&view->rq.wire, &attach);
		break;
	case XDF_VIEW_DETACHING:
		xdf_displif_fb_detach(&view->rq.wire, view->fb_cookie);
		break;
	case XDF_VIEW_DESTROYING:
		xdf_displif_dbuf_destroy(&view->rq.wire, view->dbuf_cookie);
		break;
	default:
		return;
	}
	if (xdf_link_submit(view->views->link, 0, &view->rq))
		view->state = XDF_VIEW_UNKNOWN;
}

/* What the backend is told of a buffer's references; without any it fills them in. */
static int view_directory(struct xdf_view *view, const u32 *refs, u32 count)
{
	struct xdf_views *views = view->views;
	struct xdf_directory *dir;

	dir = xdf_directory_create(views->drm->dev,
				   views->link->xdev->otherend_id, refs, count);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	view->dir = dir;
	return 0;
}

static bool view_is_converted(const struct xdf_view *view)
{
	return !xdf_format_is_same(view->format, view->wire_format);
}

/* Can the backend have the buffer's own pages? */
static enum xdf_view_mode view_choose(const struct xdf_view *view)
{
	const struct xdf_views *views = view->views;
	const struct xdf_gem *gem = view->gem;

	if (views->be_alloc && !views->no_alloc && !view->alloc_error)
		return XDF_VIEW_BACKEND;
	if (view_is_converted(view))
		return XDF_VIEW_COPY;
	if (!gem->pages || xdf_layout_check(&view->layout, gem->base.size))
		return XDF_VIEW_COPY;
	/* there is no place for it on the wire of version 1 */
	if (view->layout.offset && views->link->version < 2)
		return XDF_VIEW_COPY;
	switch (gem->kind) {
	case XDF_GEM_CONTIGUOUS:
		return XDF_VIEW_PIECE;
	case XDF_GEM_IMPORTED:
		return XDF_VIEW_IMPORTED;
	default:
		return XDF_VIEW_DIRECT;
	}
}

static int view_share_copy(struct xdf_view *view, struct displif_dbuf_create *create)
{
	domid_t domid = view->views->link->xdev->otherend_id;
	struct xdf_copy *copy;
	struct xdf_grants *g;
	int ret;

	copy = xdf_copy_create(view->gem, &view->layout,
			       view_is_converted(view) ? view->format : 0);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	mutex_lock(&view->copy_lock);
	view->copy = copy;
	mutex_unlock(&view->copy_lock);
	create->width = copy->pitch / copy->cpp;
	create->buffer_sz = copy->size;
	if (view->mode == XDF_VIEW_BACKEND) {
		create->flags = DISPLIF_DBUF_FLG_REQ_ALLOC;
		return view_directory(view, NULL,
				      copy->size / DISPLIF_PAGE_SIZE);
	}
	mutex_lock(&view->copy_lock);
	ret = xdf_copy_alloc(copy);
	mutex_unlock(&view->copy_lock);
	if (ret)
		return ret;
	g = xdf_grants_share_mem(domid, copy->mem);
	if (IS_ERR(g))
		return PTR_ERR(g);
	view->grants = g;
	return view_directory(view, g->refs, g->count);
}

static int view_share_buffer(struct xdf_view *view, struct displif_dbuf_create *create)
{
	struct xdf_grants *g;

	g = xdf_gem_share(view->gem, view->views->link->xdev->otherend_id);
	if (IS_ERR(g))
		return PTR_ERR(g);
	view->shared = true;
	/* there is no pitch on the wire: the width says it */
	create->width = view->layout.pitch / view->layout.cpp;
	create->buffer_sz = view->gem->base.size;
	create->data_ofs = view->layout.offset;
	return view_directory(view, g->refs, g->count);
}

/* A name that was refused is not used again. Under xdf_views.mutex. */
static void view_name(struct xdf_view *view)
{
	view->dbuf_cookie = ++view->views->cookie;
	view->fb_cookie = ++view->views->cookie;
}

/* Tells the backend of a view it does not know. Under xdf_views.mutex. */
static void view_announce(struct xdf_view *view)
{
	struct xdf_views *views = view->views;
	struct displif_dbuf_create create = {
		.height = view->layout.height,
	};
	bool lost = false;
	int ret;

	/* its work may not have got to that yet after the last time */
	view_unshare(view);
	view_name(view);
	spin_lock_irq(&views->lock);
	if (view->state == XDF_VIEW_WANTED)
		view_first_way(view);
	spin_unlock_irq(&views->lock);
	create.bpp = xdf_view_bpp(view);
	view->mode = view_choose(view);
	if (view_is_copied(view))
		ret = view_share_copy(view, &create);
	else
		ret = view_share_buffer(view, &create);

	spin_lock_irq(&views->lock);
	view->error = ret;
	view->state = ret ? XDF_VIEW_REFUSED : XDF_VIEW_CREATING;
	if (!ret) {
		create.dbuf_cookie = view->dbuf_cookie;
		create.gref_directory = xdf_directory_ref(view->dir);
		view->size = create.buffer_sz;
		xdf_displif_dbuf_create(&view->rq.wire, &create);
		lost = xdf_link_submit(views->link, 0, &view->rq);
	}
	if (lost)
		view->state = XDF_VIEW_UNKNOWN;
	spin_unlock_irq(&views->lock);

	if (!ret && !lost)
		return;
	view_unshare(view);
	wake_up_all(&views->settled);
	views->answered(views);
}

static bool view_is_on_its_way(const struct xdf_view *view)
{
	switch (view->state) {
	case XDF_VIEW_CREATING:
	case XDF_VIEW_ATTACHING:
	case XDF_VIEW_DETACHING:
	case XDF_VIEW_DESTROYING:
		return true;
	default:
		return false;
	}
}

/* Whose turn it is: nobody's while the backend has to answer for another. */
static struct xdf_view *view_next(struct xdf_views *views)
{
	struct xdf_view *view, *next = NULL;

	spin_lock_irq(&views->lock);
	list_for_each_entry(view, &views->list, entry) {
		if (view_is_on_its_way(view)) {
			next = NULL;
			break;
		}
		if (!next && !view->retired && view_waits(view))
			next = view;
	}
	spin_unlock_irq(&views->lock);
	return next;
}

/*
 * One view after the other, and only when those that go are gone: however slow
 * the backend is and whatever clients do meanwhile, it has to hold no more than
 * what is in use, and what nobody wants any more when its turn comes it never
 * hears of. Under xdf_views.mutex.
 */
static void view_announce_next(struct xdf_views *views)
{
	struct xdf_view *view;

	while ((view = view_next(views)))
		view_announce(view);
}

/**
 * xdf_view_bpp - bits per pixel of what the backend sees
 * @view: the view
 *
 * Return: the number.
 */
u32 xdf_view_bpp(const struct xdf_view *view)
{
	return view_is_converted(view) ? 32 : view->layout.cpp * 8;
}

/**
 * xdf_view_create - a picture, of which the backend does not know yet
 * @views: of the card
 * @gem: the buffer; the view takes a reference of its own
 * @layout: a picture that xdf_layout_fits() accepts
 * @format: its DRM fourcc
 *
 * See xdf_view_ask().
 *
 * Context: may sleep.
 *
 * Return: the view, the caller's to put; or ERR_PTR(-ENOMEM).
 */
struct xdf_view *xdf_view_create(struct xdf_views *views, struct xdf_gem *gem,
				 const struct xdf_layout *layout, u32 format)
{
	struct xdf_view *view = kzalloc(sizeof(*view), GFP_KERNEL);

	if (!view)
		return ERR_PTR(-ENOMEM);
	kref_init(&view->ref);
	mutex_init(&view->copy_lock);
	view->views = views;
	view->gem = gem;
	view->layout = *layout;
	view->format = format;
	view->wire_format = format;
	view->rq.done = view_done;
	INIT_WORK(&view->work, view_work);
	drm_gem_object_get(&gem->base);
	drm_dev_get(views->drm);

	mutex_lock(&views->mutex);
	list_add_tail(&view->entry, &views->list);
	mutex_unlock(&views->mutex);
	return view;
}

/**
 * xdf_view_ask - a view is wanted that cannot be shown yet
 * @view: the view
 *
 * The backend is told of it in its turn; nobody waits for that here. Nothing
 * happens when it is under way already, or without a backend.
 *
 * Context: any but NMI.
 */
void xdf_view_ask(struct xdf_view *view)
{
	struct xdf_views *views = view->views;
	unsigned long flags;

	spin_lock_irqsave(&views->lock, flags);
	if (views->up && (view->state == XDF_VIEW_UNKNOWN ||
			  view->state == XDF_VIEW_REFUSED)) {
		view->state = XDF_VIEW_WANTED;
		queue_work(view_wq, &view->work);
	}
	spin_unlock_irqrestore(&views->lock, flags);
}

static bool view_is_settled(struct xdf_view *view)
{
	switch (READ_ONCE(view->state)) {
	case XDF_VIEW_UNKNOWN:
	case XDF_VIEW_LIVE:
	case XDF_VIEW_REFUSED:
		return true;
	default:
		return false;
	}
}

/**
 * xdf_view_wait - wait until the backend has a view, or not
 * @view: the view
 *
 * Ends with the requests' deadline at the latest, and at once when the link
 * is lost: the view is asked for again when it is to be shown.
 *
 * Context: may sleep.
 *
 * Return: 0; the backend's error; -ERESTARTSYS when the caller is killed.
 */
int xdf_view_wait(struct xdf_view *view)
{
	int ret = wait_event_killable(view->views->settled,
				      view_is_settled(view));

	if (ret)
		return ret;
	return xdf_view_is_refused(view) ? view->error : 0;
}

static void view_retire(struct kref *ref)
{
	struct xdf_view *view = container_of(ref, struct xdf_view, ref);
	unsigned long flags;

	spin_lock_irqsave(&view->views->lock, flags);
	view->retired = true;
	/* in the other states the request's end goes on from here */
	if (view->state == XDF_VIEW_LIVE)
		view_advance(view);
	queue_work(view_wq, &view->work);
	spin_unlock_irqrestore(&view->views->lock, flags);
}

/**
 * xdf_view_put - one user less
 * @view: the view, or NULL
 *
 * The last one has it detached and destroyed at the backend. Nobody may show
 * it any more.
 *
 * Context: any but NMI.
 */
void xdf_view_put(struct xdf_view *view)
{
	if (view)
		kref_put(&view->ref, view_retire);
}

/**
 * xdf_view_update - what was drawn becomes what the backend sees
 * @view: the view
 * @rect: in the picture's pixels; NULL for all
 *
 * The backend notices with the next flip.
 *
 * Context: may sleep.
 *
 * Return: 0; -ERESTARTSYS when a signal came before another driver was done
 * with the buffer; or another negative errno of its.
 */
int xdf_view_update(struct xdf_view *view, const struct drm_rect *rect)
{
	int ret;

	/* of most there is none; a new one is made with what is drawn then */
	if (!READ_ONCE(view->copy))
		return 0;
	ret = view_begin_read(view);
	if (ret)
		return ret;
	mutex_lock(&view->copy_lock);
	if (view->copy && view->copy->pages)
		xdf_copy_update(view->copy, rect);
	mutex_unlock(&view->copy_lock);
	xdf_gem_end_read(view->gem);
	return 0;
}

/* From the buffer where there is a mapping, else from the copy. */
static void view_read_lines(const struct xdf_view *view,
			    const struct iosys_map *map, u32 *raw,
			    void (*line)(void *data, const u32 *pixels,
					 u32 width), void *data)
{
	bool converted = !map && view->copy->convert_from;
	u32 format = converted ? DRM_FORMAT_XRGB8888 : view->format;
	const struct xdf_layout *l = &view->layout;
	u32 *pixels = raw + l->width;
	u32 y;

	for (y = 0; y < l->height; y++) {
		if (map)
			xdf_gem_read_source(map, raw, l->offset + y * l->pitch,
					    l->width * l->cpp);
		else
			xdf_copy_read(view->copy, y * view->copy->pitch, raw,
				      l->width * view->copy->cpp);
		xdf_format_to_xrgb8888(pixels, raw, l->width, format);
		line(data, pixels, l->width);
	}
}

/**
 * xdf_view_read - go through what the backend sees
 * @view: the view
 * @line: called with the pixels of each line, in XRGB8888
 * @data: for @line
 *
 * Context: may sleep.
 *
 * Return: 0 or a negative errno.
 */
int xdf_view_read(struct xdf_view *view,
		  void (*line)(void *data, const u32 *pixels, u32 width),
		  void *data)
{
	struct iosys_map map;
	bool copied;
	int ret = 0;
	u32 *raw;

	raw = kvmalloc_array(view->layout.width, 2 * sizeof(*raw), GFP_KERNEL);
	if (!raw)
		return -ENOMEM;
	mutex_lock(&view->copy_lock);
	copied = view->copy && view->copy->pages;
	if (copied)
		view_read_lines(view, NULL, raw, line, data);
	mutex_unlock(&view->copy_lock);
	if (copied)
		goto out;

	ret = xdf_gem_map_source(view->gem, &map);
	if (ret)
		goto out;
	ret = view_begin_read(view);
	if (!ret) {
		view_read_lines(view, &map, raw, line, data);
		xdf_gem_end_read(view->gem);
	}
	xdf_gem_unmap_source(view->gem, &map);
out:
	kvfree(raw);
	return ret;
}

/**
 * xdf_views_up - the link is up: views may be asked for
 * @views: of the card
 *
 * The backend knows of none, and is told of each when it is to be shown.
 *
 * Context: may sleep.
 */
void xdf_views_up(struct xdf_views *views)
{
	spin_lock_irq(&views->lock);
	/* it may be another backend */
	views->no_alloc = false;
	views->rejected = 0;
	views->up = true;
	spin_unlock_irq(&views->lock);
}

/**
 * xdf_views_down - the link is lost: no view is known any more
 * @views: of the card
 *
 * All requests have ended before this is called.
 *
 * Context: may sleep.
 */
void xdf_views_down(struct xdf_views *views)
{
	struct xdf_view *view;

	mutex_lock(&views->mutex);
	spin_lock_irq(&views->lock);
	views->up = false;
	list_for_each_entry(view, &views->list, entry)
		view->state = XDF_VIEW_UNKNOWN;
	spin_unlock_irq(&views->lock);
	list_for_each_entry(view, &views->list, entry) {
		view_unshare(view);
		if (view->retired)
			queue_work(view_wq, &view->work);
	}
	mutex_unlock(&views->mutex);
	wake_up_all(&views->settled);
}

/**
 * xdf_views_count - count what the backend has
 * @views: of the card
 * @count: result
 *
 * Context: may sleep.
 */
void xdf_views_count(struct xdf_views *views, struct xdf_views_count *count)
{
	struct xdf_view *view;

	memset(count, 0, sizeof(*count));
	mutex_lock(&views->mutex);
	list_for_each_entry(view, &views->list, entry) {
		if (!view->shared && !view->copy)
			continue;
		count->count[view->mode]++;
		count->bytes[view->mode] += view->size;
	}
	mutex_unlock(&views->mutex);
}

/**
 * xdf_views_init - no views yet
 * @views: of the card
 * @drm: the card
 * @link: its link, down
 * @be_alloc: the backend allocates the memory that it shows
 * @answered: see struct xdf_views
 */
void xdf_views_init(struct xdf_views *views, struct drm_device *drm,
		    struct xdf_link *link, bool be_alloc,
		    void (*answered)(struct xdf_views *views))
{
	if (be_alloc && !xdf_foreign_is_possible()) {
		drm_warn(drm,
			 "this kernel cannot map the backend's memory (error %d), the guest's own is used: set be-alloc=0 in the configuration, or take a kernel with pages of 4 KiB\n",
			 -EOPNOTSUPP);
		be_alloc = false;
	}
	views->drm = drm;
	views->link = link;
	views->be_alloc = be_alloc;
	views->answered = answered;
	mutex_init(&views->mutex);
	spin_lock_init(&views->lock);
	INIT_LIST_HEAD(&views->list);
	init_waitqueue_head(&views->settled);
}

/**
 * xdf_view_module_init - before the first card
 *
 * Return: 0 or -ENOMEM.
 */
int xdf_view_module_init(void)
{
	/* one view may wait for another driver: no other may have to wait for it */
	view_wq = alloc_workqueue("xen-drm-front-views", WQ_UNBOUND, 0);
	return view_wq ? 0 : -ENOMEM;
}

/**
 * xdf_view_module_exit - after the last card; waits for the views' ends
 */
void xdf_view_module_exit(void)
{
	destroy_workqueue(view_wq);
}
