// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/mm.h>
#include <linux/slab.h>
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>

#include "xdf_displif.h"
#include "xdf_pgdir.h"
#include "xdf_view.h"

/* Ends views; the module waits for it before it goes. */
static struct workqueue_struct *view_wq;

static void view_advance(struct xdf_view *view);

/* What is left of an announcement here, once the backend has forgotten it. */
static void view_unshare(struct xdf_view *view)
{
	xdf_grants_release(view->dir);
	view->dir = NULL;
	if (view->shared)
		xdf_gem_unshare(view->gem);
	view->shared = false;
}

/*
 * After every change of state: the directory goes once it was read, the
 * grants once nothing is left at the backend, the view with its last user.
 */
static void view_work(struct work_struct *work)
{
	struct xdf_view *view = container_of(work, struct xdf_view, work);
	struct xdf_views *views = view->views;
	struct drm_device *drm = views->drm;
	struct xdf_grants *dir = NULL;
	enum xdf_view_state state;
	bool retired;

	mutex_lock(&views->mutex);
	spin_lock_irq(&views->lock);
	state = view->state;
	/* queued again meanwhile: that run is the last one */
	retired = view->retired && !work_pending(work);
	if (state != XDF_VIEW_CREATING)
		swap(dir, view->dir);
	spin_unlock_irq(&views->lock);

	xdf_grants_release(dir);
	if (state == XDF_VIEW_UNKNOWN || state == XDF_VIEW_REFUSED)
		view_unshare(view);
	else
		retired = false;
	if (retired)
		list_del(&view->entry);
	mutex_unlock(&views->mutex);

	if (!retired)
		return;
	drm_gem_object_put(&view->gem->base);
	kfree(view);
	drm_dev_put(drm);
}

static void view_done(struct xdf_request *rq)
{
	struct xdf_view *view = container_of(rq, struct xdf_view, rq);
	struct xdf_views *views = view->views;
	unsigned long flags;
	bool live;

	spin_lock_irqsave(&views->lock, flags);
	if (rq->status == -ENODEV || rq->status == -ETIMEDOUT) {
		/* The link is lost: the backend forgets us altogether. */
		view->state = XDF_VIEW_UNKNOWN;
	} else {
		switch (view->state) {
		case XDF_VIEW_CREATING:
			view->error = rq->status;
			view->state = rq->status ? XDF_VIEW_REFUSED :
				XDF_VIEW_ATTACHING;
			break;
		case XDF_VIEW_ATTACHING:
			view->error = rq->status;
			view->state = rq->status ? XDF_VIEW_DESTROYING :
				XDF_VIEW_LIVE;
			break;
		case XDF_VIEW_DETACHING:
			view->state = XDF_VIEW_DESTROYING;
			break;
		case XDF_VIEW_DESTROYING:
			view->state = view->error ? XDF_VIEW_REFUSED :
				XDF_VIEW_UNKNOWN;
			break;
		default:
			break;
		}
		view_advance(view);
	}
	live = view->state == XDF_VIEW_LIVE;
	queue_work(view_wq, &view->work);
	spin_unlock_irqrestore(&views->lock, flags);

	wake_up_all(&views->settled);
	if (live)
		views->live(views);
}

/* Sends what the state asks for. Under xdf_views.lock. */
static void view_advance(struct xdf_view *view)
{
	struct displif_fb_attach attach = {
		.dbuf_cookie = view->dbuf_cookie,
		.fb_cookie = view->fb_cookie,
		.width = view->layout.width,
		.height = view->layout.height,
		.pixel_format = view->format,
	};

	if (view->retired) {
		if (view->state == XDF_VIEW_LIVE)
			view->state = XDF_VIEW_DETACHING;
		else if (view->state == XDF_VIEW_ATTACHING)
			view->state = XDF_VIEW_DESTROYING;
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

/* The directory of a buffer's references, granted itself. */
static struct xdf_grants *view_directory(const struct xdf_grants *grants,
					 domid_t domid)
{
	u32 i, n = xdf_pgdir_pages(grants->count);
	struct xdf_grants *dir;
	struct page **pages;

	pages = kcalloc(n, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	dir = ERR_PTR(-ENOMEM);
	for (i = 0; i < n; i++) {
		pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!pages[i])
			goto out;
	}
	dir = xdf_grants_share(domid, pages, n);
	if (IS_ERR(dir))
		goto out;
	for (i = 0; i < n; i++)
		xdf_pgdir_fill(page_address(pages[i]), i, dir->refs,
			       grants->refs, grants->count);
out:
	/* The grants hold the pages from here on. */
	for (i = 0; i < n && pages[i]; i++)
		__free_page(pages[i]);
	kfree(pages);
	return dir;
}

/* Tells the backend of a view it does not know. Under xdf_views.mutex. */
static int view_announce(struct xdf_view *view)
{
	struct xdf_views *views = view->views;
	domid_t domid = views->link->xdev->otherend_id;
	struct displif_dbuf_create create = {
		.dbuf_cookie = view->dbuf_cookie,
		/* there is no pitch on the wire: the width says it */
		.width = view->layout.pitch / view->layout.cpp,
		.height = view->layout.height,
		.bpp = view->layout.cpp * 8,
		.buffer_sz = view->gem->base.size,
		.data_ofs = view->layout.offset,
	};
	struct xdf_grants *grants, *dir;
	int ret;

	/* there is no place for it on the wire of version 1 */
	if (view->layout.offset && views->link->version < 2)
		return -EOPNOTSUPP;
	grants = xdf_gem_share(view->gem, domid);
	if (IS_ERR(grants))
		return PTR_ERR(grants);
	view->shared = true;
	dir = view_directory(grants, domid);
	if (IS_ERR(dir)) {
		view_unshare(view);
		return PTR_ERR(dir);
	}
	create.gref_directory = dir->refs[0];

	spin_lock_irq(&views->lock);
	view->dir = dir;
	view->error = 0;
	view->state = XDF_VIEW_CREATING;
	xdf_displif_dbuf_create(&view->rq.wire, &create);
	ret = xdf_link_submit(views->link, 0, &view->rq);
	if (ret)
		view->state = XDF_VIEW_UNKNOWN;
	spin_unlock_irq(&views->lock);
	if (ret)
		view_unshare(view);
	return 0;
}

/**
 * xdf_view_create - make a picture known
 * @views: of the card
 * @gem: the buffer; the view takes a reference of its own
 * @layout: a picture that xdf_layout_check() accepts
 * @format: its DRM fourcc
 *
 * Without a backend it is announced when there is one. Does not wait for the
 * backend; see xdf_view_wait().
 *
 * Context: may sleep.
 *
 * Return: the view, the caller's to put; or ERR_PTR(-ENOMEM or -ENOSPC).
 */
struct xdf_view *xdf_view_create(struct xdf_views *views, struct xdf_gem *gem,
				 const struct xdf_layout *layout, u32 format)
{
	struct xdf_view *view = kzalloc(sizeof(*view), GFP_KERNEL);
	int ret = 0;

	if (!view)
		return ERR_PTR(-ENOMEM);
	kref_init(&view->ref);
	view->views = views;
	view->gem = gem;
	view->layout = *layout;
	view->format = format;
	view->rq.done = view_done;
	INIT_WORK(&view->work, view_work);

	mutex_lock(&views->mutex);
	view->dbuf_cookie = ++views->cookie;
	view->fb_cookie = ++views->cookie;
	if (views->up)
		ret = view_announce(view);
	if (!ret) {
		drm_gem_object_get(&gem->base);
		drm_dev_get(views->drm);
		list_add_tail(&view->entry, &views->list);
	}
	mutex_unlock(&views->mutex);
	if (ret) {
		kfree(view);
		return ERR_PTR(ret);
	}
	return view;
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
 * is lost: the view is announced again with the next.
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
	return READ_ONCE(view->state) == XDF_VIEW_REFUSED ? view->error : 0;
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
 * xdf_views_up - the link is up: announce all views
 * @views: of the card
 *
 * Does not wait for the responses.
 *
 * Context: may sleep.
 */
void xdf_views_up(struct xdf_views *views)
{
	struct xdf_view *view;

	mutex_lock(&views->mutex);
	views->up = true;
	list_for_each_entry(view, &views->list, entry) {
		int ret;

		if (view->retired)
			continue;
		ret = view_announce(view);
		if (ret)
			drm_err(views->drm,
				"could not announce a buffer of %zu bytes to the new backend (error %d); it stays dark until it is shown anew\n",
				view->gem->base.size, ret);
	}
	mutex_unlock(&views->mutex);
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
	views->up = false;
	list_for_each_entry(view, &views->list, entry) {
		struct xdf_grants *dir = NULL;

		spin_lock_irq(&views->lock);
		view->state = XDF_VIEW_UNKNOWN;
		swap(dir, view->dir);
		spin_unlock_irq(&views->lock);
		xdf_grants_release(dir);
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
		if (!view->shared)
			continue;
		count->count++;
		count->bytes += view->gem->base.size;
	}
	mutex_unlock(&views->mutex);
}

/**
 * xdf_views_init - no views yet
 * @views: of the card
 * @drm: the card
 * @link: its link, down
 * @live: see struct xdf_views
 */
void xdf_views_init(struct xdf_views *views, struct drm_device *drm,
		    struct xdf_link *link,
		    void (*live)(struct xdf_views *views))
{
	views->drm = drm;
	views->link = link;
	views->live = live;
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
	view_wq = alloc_ordered_workqueue("xen-drm-front-views", 0);
	return view_wq ? 0 : -ENOMEM;
}

/**
 * xdf_view_module_exit - after the last card; waits for the views' ends
 */
void xdf_view_module_exit(void)
{
	destroy_workqueue(view_wq);
}
