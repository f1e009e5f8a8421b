// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "xdf_dbuf.h"

/* Bits per pixel of what the backend sees. */
u32 xdf_dbuf_bpp(const struct xdf_dbuf *d)
{
	return xdf_format_is_same(d->format, d->wire_format) ? d->layout.cpp * 8 : 32;
}

/* References that it takes, one for each 4 KiB, with those of its directory. */
static unsigned int dbuf_refs(const struct xdf_dbuf *d)
{
	u32 count = d->gem->base.size / DISPLIF_PAGE_SIZE;

	return count + xdf_pgdir_pages(count);
}

/* While it has memory, or NULL. */
static struct xdf_shadow *dbuf_shadow(const struct xdf_dbuf *d)
{
	/* what is in it is read after it */
	struct xdf_shadow *shadow = smp_load_acquire(&d->shadow);

	return shadow && READ_ONCE(shadow->pages) ? shadow : NULL;
}

static bool dbuf_is_shared(const struct xdf_dbuf *d)
{
	return READ_ONCE(d->grants) || dbuf_shadow(d);
}

/* Waits for whoever draws in it, another driver perhaps: under no lock of ours. */
static int dbuf_begin_read(struct xdf_dbuf *d)
{
	int ret = xdf_gem_begin_read(d->gem);

	if (ret && ret != -ERESTARTSYS && ret != -EINTR)
		drm_warn_once(d->dbufs->drm,
			      "an imported buffer could not be read (error %d): its part of the screen stays as it was\n",
			      ret);
	return ret;
}

static int dbuf_call(struct xdf_dbuf *d, struct xdf_request *rq)
{
	return xdf_channel_call(d->dbufs->backend->channels[0], rq, d->wire_epoch);
}

/* What is left of an attachment here, once the backend has forgotten it. */
static void dbuf_unshare(struct xdf_dbuf *d)
{
	WRITE_ONCE(d->epoch, 0);
	xdf_shadow_release(d->shadow);
	if (d->grants && d->mode == XDF_DBUF_SHADOW)
		xdf_grants_keep(d->grants);
	else if (d->grants)
		xdf_gem_unshare(d->gem);
	WRITE_ONCE(d->grants, NULL);
}

/* The backend has filled the directory: its memory becomes the shadow's. */
static int dbuf_map_shadow(struct xdf_dbuf *d, const struct xdf_grants *dir)
{
	u32 count = d->shadow->size / DISPLIF_PAGE_SIZE;
	u32 *refs = kvmalloc_array(count, sizeof(*refs), GFP_KERNEL);
	int ret;

	if (!refs)
		return -ENOMEM;
	xdf_directory_read(dir, refs, count);
	ret = xdf_shadow_map(d->shadow, d->dbufs->backend->xdev->otherend_id, refs);
	kvfree(refs);
	if (ret)
		drm_err(d->dbufs->drm,
			"the backend's memory for a buffer of %u bytes is invalid (error %d): this buffer is not shown\n",
			d->shadow->size, ret);
	return ret;
}

static int dbuf_fb_attach(struct xdf_dbuf *d)
{
	struct xdf_request rq;
	struct displif_fb_attach *attach = &rq.wire.op.fb_attach;
	int ret;

	xdf_displif_start(&rq.wire, DISPLIF_OP_FB_ATTACH);
	attach->dbuf_cookie = d->dbuf_cookie;
	attach->fb_cookie = d->fb_cookie;
	attach->width = d->layout.width;
	attach->height = d->layout.height;
	attach->pixel_format = d->wire_format;
	ret = dbuf_call(d, &rq);
	if (!ret)
		/* after the cookies */
		smp_store_release(&d->epoch, d->wire_epoch);
	return ret;
}

static void dbuf_destroy(struct xdf_dbuf *d)
{
	struct xdf_request rq;

	/* the backend is asked to free its memory when it is unmapped here */
	xdf_shadow_release(d->shadow);
	xdf_displif_start(&rq.wire, DISPLIF_OP_DBUF_DESTROY);
	rq.wire.op.dbuf_destroy.dbuf_cookie = d->dbuf_cookie;
	dbuf_call(d, &rq);
}

/* What has to be left for the console and the screens, when they come back. */
static unsigned int dbufs_reserve(struct xdf_dbufs *dbufs)
{
	unsigned int refs = 0;
	struct xdf_dbuf *d;

	spin_lock_irq(&dbufs->lock);
	list_for_each_entry(d, &dbufs->list, entry)
		if (atomic_read(&d->kept) && !dbuf_is_shared(d))
			refs += dbuf_refs(d);
	spin_unlock_irq(&dbufs->lock);
	return refs;
}

/*
 * Share what the backend is to see, as @create says then.
 * Return: a directory of it, which the backend fills in where it allocates.
 */
static struct xdf_grants *dbuf_share(struct xdf_dbuf *d, struct displif_dbuf_create *create)
{
	bool same = xdf_format_is_same(d->format, d->wire_format);
	domid_t domid = d->dbufs->backend->xdev->otherend_id;
	bool copied = d->mode >= XDF_DBUF_SHADOW;
	struct device *dev = d->dbufs->drm->dev;
	struct xdf_shadow *shadow = d->shadow;
	struct xdf_grants *g;
	int ret = 0;

	if (!atomic_read(&d->kept))
		ret = xdf_grants_leave(dbuf_refs(d), dbufs_reserve(d->dbufs));
	if (!ret && copied)
		ret = xdf_shadow_set_format(shadow, same ? 0 : d->format);
	if (!ret && d->mode == XDF_DBUF_SHADOW)
		ret = xdf_shadow_alloc(shadow);
	if (ret)
		return ERR_PTR(ret);
	create->dbuf_cookie = d->dbuf_cookie;
	create->height = d->layout.height;
	create->bpp = xdf_dbuf_bpp(d);
	/* there is no pitch on the wire: the width says it */
	if (copied) {
		create->width = shadow->pitch / shadow->cpp;
		create->buffer_sz = shadow->size;
	} else {
		create->width = d->layout.pitch / d->layout.cpp;
		create->buffer_sz = d->gem->base.size;
		create->data_ofs = d->layout.offset;
	}
	WRITE_ONCE(d->size, create->buffer_sz);
	if (d->mode == XDF_DBUF_BACKEND) {
		create->flags = DISPLIF_DBUF_FLG_REQ_ALLOC;
		return xdf_directory_create(dev, domid, NULL, shadow->size / DISPLIF_PAGE_SIZE);
	}
	g = copied ? xdf_grants_share(domid, shadow->mem) : xdf_gem_share(d->gem, domid);
	if (IS_ERR(g))
		return g;
	WRITE_ONCE(d->grants, g);
	return xdf_directory_create(dev, domid, g->refs, g->count);
}

/*
 * Makes a buffer and its framebuffer known to the backend, as @mode and @format
 * say. @op is the operation that was rejected, or 0. Under xdf_dbufs.mutex.
 */
static int dbuf_attach(struct xdf_dbuf *d, enum xdf_dbuf_mode mode, u32 format, bool readable,
		       u8 *op)
{
	struct xdf_dbufs *dbufs = d->dbufs;
	struct xdf_grants *dir;
	struct xdf_request rq;
	int ret;

	/* others came before, and meanwhile nobody wants it any more */
	if (READ_ONCE(d->unused))
		return -ECANCELED;
	if (!xdf_backend_is_up(dbufs->backend))
		return -ENODEV;
	/* of an earlier connection */
	dbuf_unshare(d);
	d->wire_epoch = READ_ONCE(dbufs->backend->epoch);
	WRITE_ONCE(d->mode, mode);
	d->wire_format = format;
	/* a name that was rejected is not used again */
	d->dbuf_cookie = ++dbufs->cookie;
	d->fb_cookie = ++dbufs->cookie;

	xdf_displif_start(&rq.wire, DISPLIF_OP_DBUF_CREATE);
	dir = dbuf_share(d, &rq.wire.op.dbuf_create);
	ret = PTR_ERR_OR_ZERO(dir);
	if (ret)
		goto err_unshare;
	rq.wire.op.dbuf_create.gref_directory = dir->refs[0];
	ret = dbuf_call(d, &rq);
	if (ret) {
		*op = DISPLIF_OP_DBUF_CREATE;
		goto err_directory;
	}
	if (mode == XDF_DBUF_BACKEND)
		ret = dbuf_map_shadow(d, dir);
	if (ret)
		goto err_destroy;
	if (readable)
		xdf_shadow_update(d->shadow, NULL);
	ret = dbuf_fb_attach(d);
	if (ret) {
		*op = DISPLIF_OP_FB_ATTACH;
		goto err_destroy;
	}
	xdf_grants_release(dir);
	return 0;

err_destroy:
	dbuf_destroy(d);
err_directory:
	xdf_grants_release(dir);
err_unshare:
	dbuf_unshare(d);
	return ret;
}

/*
 * A part that begins where the whole does is another framebuffer of the same
 * buffer. Returns whether it was attached so; if not, as a buffer of its own.
 */
static bool dbuf_attach_part(struct xdf_dbuf *d)
{
	struct xdf_dbuf *whole = d->whole;
	int ret = -ENOENT;

	if (!whole)
		return false;
	mutex_lock(&d->dbufs->mutex);
	dbuf_unshare(d);
	if (xdf_dbuf_is_live(whole) && whole->mode < XDF_DBUF_SHADOW && !READ_ONCE(d->unused)) {
		d->wire_epoch = whole->wire_epoch;
		d->wire_format = whole->wire_format;
		d->dbuf_cookie = whole->dbuf_cookie;
		d->fb_cookie = ++d->dbufs->cookie;
		ret = dbuf_fb_attach(d);
	}
	mutex_unlock(&d->dbufs->mutex);
	return !ret;
}

/* Can the backend have the buffer's own pages? */
static enum xdf_dbuf_mode dbuf_choose(const struct xdf_dbuf *d, u32 format, bool alloc)
{
	const struct xdf_dbufs *dbufs = d->dbufs;
	const struct xdf_gem *gem = d->gem;

	if (alloc && dbufs->be_alloc && !READ_ONCE(dbufs->no_alloc))
		return XDF_DBUF_BACKEND;
	/* there is no place for an offset on the wire of version 1 */
	if (!xdf_format_is_same(d->format, format) || !gem->mem ||
	    xdf_layout_check(&d->layout, gem->base.size) ||
	    (d->layout.offset && READ_ONCE(dbufs->backend->version) < 2))
		return XDF_DBUF_SHADOW;
	if (gem->dmabuf)
		return XDF_DBUF_IMPORTED;
	return gem->mem->contiguous ? XDF_DBUF_CONTIGUOUS : XDF_DBUF_DIRECT;
}

static int dbuf_try(struct xdf_dbuf *d, enum xdf_dbuf_mode mode, u32 format, u8 *op)
{
	struct xdf_shadow *shadow = d->shadow;
	bool readable = false;
	int ret;

	*op = 0;
	if (mode >= XDF_DBUF_SHADOW) {
		/* another driver may take its time: not under the mutex */
		if (!shadow)
			shadow = xdf_shadow_create(d->gem, &d->layout);
		if (IS_ERR(shadow))
			return PTR_ERR(shadow);
		/* after what is in it */
		smp_store_release(&d->shadow, shadow);
		readable = !dbuf_begin_read(d);
	}
	mutex_lock(&d->dbufs->mutex);
	ret = dbuf_attach(d, mode, format, readable, op);
	mutex_unlock(&d->dbufs->mutex);
	if (readable)
		xdf_gem_end_read(d->gem);
	return ret;
}

/* That, or the next one that was not rejected; 0 when there is none. */
static u32 dbuf_usable_format(const struct xdf_dbuf *d, u32 format)
{
	while (xdf_format_bit(format) & READ_ONCE(d->dbufs->rejected))
		format = xdf_format_next(d->format, format);
	return format;
}

/*
 * What a backend cannot do is only believed once it has done the same in another
 * way: a bad framebuffer is rejected in any.
 */
static void dbuf_learn(struct xdf_dbuf *d, u32 format, int alloc_error)
{
	struct xdf_dbufs *dbufs = d->dbufs;
	u32 f, rejected = READ_ONCE(dbufs->rejected);

	for (f = d->format; f != format; f = xdf_format_next(d->format, f))
		rejected |= xdf_format_bit(f);
	WRITE_ONCE(dbufs->rejected, rejected);
	if (!alloc_error || READ_ONCE(dbufs->no_alloc))
		return;
	WRITE_ONCE(dbufs->no_alloc, true);
	drm_warn(dbufs->drm,
		 "the backend cannot allocate buffers (error %d), the guest's own memory is used: set be-alloc=0 in the configuration\n",
		 alloc_error);
}

/*
 * The ways to show a picture, one after the other: memory of the backend's, if it
 * allocates, else the guest's; and that for each format that it can be shown in.
 */
static int dbuf_attach_anyhow(struct xdf_dbuf *d)
{
	u32 format = dbuf_usable_format(d, d->format);
	enum xdf_dbuf_mode mode;
	int ret, alloc_error = 0;
	u8 op;

	if (xdf_dbuf_is_live(d) || dbuf_attach_part(d))
		return 0;
	while (format) {
		mode = dbuf_choose(d, format, !alloc_error);
		ret = dbuf_try(d, mode, format, &op);
		if (!ret)
			dbuf_learn(d, format, alloc_error);
		/* in any way that works rather than again: rights may never come */
		if (!op || xdf_displif_is_lost(ret) || xdf_displif_is_shortage(ret))
			return ret;
		alloc_error = op == DISPLIF_OP_DBUF_CREATE && mode == XDF_DBUF_BACKEND ? ret : 0;
		if (!alloc_error)
			format = dbuf_usable_format(d, xdf_format_next(d->format, format));
	}
	return ret;
}

/* The mirror of dbuf_attach() and dbuf_attach_part(), for the last user. */
static void dbuf_free(struct xdf_dbuf *d)
{
	struct xdf_dbufs *dbufs = d->dbufs;
	struct drm_device *drm = dbufs->drm;
	struct xdf_request rq;

	mutex_lock(&dbufs->mutex);
	if (xdf_dbuf_is_live(d)) {
		xdf_displif_start(&rq.wire, DISPLIF_OP_FB_DETACH);
		rq.wire.op.fb_detach.fb_cookie = d->fb_cookie;
		dbuf_call(d, &rq);
		/* or the buffer is that of the whole, which may go on */
		if (!d->whole || d->dbuf_cookie != d->whole->dbuf_cookie)
			dbuf_destroy(d);
	}
	dbuf_unshare(d);
	spin_lock_irq(&dbufs->lock);
	list_del(&d->entry);
	spin_unlock_irq(&dbufs->lock);
	mutex_unlock(&dbufs->mutex);
	xdf_shadow_destroy(d->shadow);
	xdf_dbuf_put(d->whole);
	drm_gem_object_put(&d->gem->base);
	kfree(d);
	drm_dev_put(drm);
}

static void dbuf_work(struct work_struct *work)
{
	struct xdf_dbuf *d = container_of(work, struct xdf_dbuf, work);
	struct xdf_dbufs *dbufs = d->dbufs;
	bool unused, pending;
	int ret;

	spin_lock_irq(&dbufs->lock);
	unused = d->unused;
	pending = work_pending(work);
	spin_unlock_irq(&dbufs->lock);
	if (unused) {
		/* queued again meanwhile: that run is the last one */
		if (!pending)
			dbuf_free(d);
		return;
	}
	ret = dbuf_attach_anyhow(d);
	spin_lock_irq(&dbufs->lock);
	WRITE_ONCE(d->error, ret);
	complete_all(&d->attached);
	spin_unlock_irq(&dbufs->lock);
	queue_work(dbufs->backend->wq, dbufs->answered);
}

/*
 * A picture of which the backend does not know yet, part of that of @whole if not
 * NULL. xdf_layout_fits() accepts @layout; @format is its DRM fourcc.
 * Context: may sleep, waits for nobody.
 * Return: the dbuf, which holds @gem, the caller's to put; or ERR_PTR(-ENOMEM).
 */
struct xdf_dbuf *xdf_dbuf_create(struct xdf_dbufs *dbufs, struct xdf_gem *gem, u32 format,
				 const struct xdf_layout *layout, struct xdf_dbuf *whole)
{
	struct xdf_dbuf *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return ERR_PTR(-ENOMEM);
	kref_init(&d->ref);
	d->dbufs = dbufs;
	d->gem = gem;
	if (whole && layout->offset == whole->layout.offset)
		d->whole = xdf_dbuf_get(whole);
	d->layout = *layout;
	d->format = format;
	d->wire_format = format;
	init_completion(&d->attached);
	INIT_WORK(&d->work, dbuf_work);
	drm_gem_object_get(&gem->base);
	drm_dev_get(dbufs->drm);
	spin_lock_irq(&dbufs->lock);
	list_add_tail(&d->entry, &dbufs->list);
	spin_unlock_irq(&dbufs->lock);
	return d;
}

/* Have it attached in its turn; nobody waits here. Context: any but NMI. */
void xdf_dbuf_ask(struct xdf_dbuf *d)
{
	unsigned long flags;

	spin_lock_irqsave(&d->dbufs->lock, flags);
	if (d->error != -EINPROGRESS) {
		WRITE_ONCE(d->error, -EINPROGRESS);
		reinit_completion(&d->attached);
		queue_work(d->dbufs->backend->wq, &d->work);
	}
	spin_unlock_irqrestore(&d->dbufs->lock, flags);
}

/*
 * Wait until the backend knows a dbuf, or not; for the requests' deadline or the
 * connection's end at most. Without one it is attached when it is to be shown.
 * Return: 0; the backend's error; -ERESTARTSYS when the caller is killed.
 */
int xdf_dbuf_wait(struct xdf_dbuf *d)
{
	int ret = wait_for_completion_killable(&d->attached);

	if (!ret)
		ret = READ_ONCE(d->error);
	return ret == -EINPROGRESS || xdf_displif_is_lost(ret) ? 0 : ret;
}

static void dbuf_release(struct kref *ref)
{
	struct xdf_dbuf *d = container_of(ref, struct xdf_dbuf, ref);
	struct xdf_dbufs *dbufs = d->dbufs;
	unsigned long flags;

	/* together: the work frees it, and may be running */
	spin_lock_irqsave(&dbufs->lock, flags);
	WRITE_ONCE(d->unused, true);
	queue_work(dbufs->backend->wq, &d->work);
	spin_unlock_irqrestore(&dbufs->lock, flags);
}

/* One user less: the last one has it taken back. Context: any but NMI. */
void xdf_dbuf_put(struct xdf_dbuf *d)
{
	if (d)
		kref_put(&d->ref, dbuf_release);
}

/*
 * What was drawn in @rect, in the picture's pixels, or anywhere becomes what the
 * backend sees; it notices with the next flip.
 * Return: 0; -ERESTARTSYS when a signal came before another driver was done
 * with the buffer; or another negative errno of its.
 */
int xdf_dbuf_update(struct xdf_dbuf *d, const struct drm_rect *rect)
{
	struct xdf_shadow *shadow = dbuf_shadow(d);
	int ret;

	/* most have none; a new one is made with what is drawn then */
	if (!shadow)
		return 0;
	ret = dbuf_begin_read(d);
	if (ret)
		return ret;
	xdf_shadow_update(shadow, rect);
	xdf_gem_end_read(d->gem);
	return 0;
}

/* The checksum of what the backend sees, in XRGB8888. */
int xdf_dbuf_crc(struct xdf_dbuf *d, u32 *sum)
{
	struct xdf_shadow *shadow = dbuf_shadow(d);
	const struct xdf_layout *l = &d->layout;
	struct iosys_map map;
	u32 y, *raw, *pixels;
	int ret = 0;

	raw = kvmalloc_array(l->width, 2 * sizeof(*raw), GFP_KERNEL);
	if (!raw)
		return -ENOMEM;
	pixels = raw + l->width;
	if (shadow && xdf_shadow_crc(shadow, d->format, raw, sum))
		goto out;
	ret = xdf_gem_map_source(d->gem, &map);
	if (ret)
		goto out;
	ret = dbuf_begin_read(d);
	for (y = 0; !ret && y < l->height; y++) {
		iosys_map_memcpy_from(raw, &map, l->offset + y * l->pitch, l->width * l->cpp);
		xdf_format_to_xrgb8888(pixels, raw, l->width, d->format);
		*sum = crc32_le(*sum, (const u8 *)pixels, l->width * sizeof(*pixels));
	}
	if (!ret)
		xdf_gem_end_read(d->gem);
	xdf_gem_unmap_source(d->gem, &map);
out:
	kvfree(raw);
	return ret;
}

/*
 * Take back what was shared on an earlier connection. The next one may be to
 * another backend, which can do other things.
 * Context: may sleep; waits for no other driver.
 */
void xdf_dbufs_forget(struct xdf_dbufs *dbufs)
{
	struct xdf_dbuf *d;

	mutex_lock(&dbufs->mutex);
	spin_lock_irq(&dbufs->lock);
	list_for_each_entry(d, &dbufs->list, entry) {
		if (!dbuf_is_shared(d) ||
		    (xdf_backend_is_up(dbufs->backend) && xdf_dbuf_is_live(d)))
			continue;
		/* with the mutex it stays in the list */
		spin_unlock_irq(&dbufs->lock);
		dbuf_unshare(d);
		spin_lock_irq(&dbufs->lock);
	}
	spin_unlock_irq(&dbufs->lock);
	WRITE_ONCE(dbufs->no_alloc, false);
	WRITE_ONCE(dbufs->rejected, 0);
	mutex_unlock(&dbufs->mutex);
	xdf_grants_forget();
}

/* Figures of what the backend has. */
void xdf_dbufs_print(struct xdf_dbufs *dbufs, struct seq_file *m)
{
	static const char * const names[XDF_DBUF_MODES] = {
		[XDF_DBUF_DIRECT] = "shared",
		[XDF_DBUF_CONTIGUOUS] = "shared, contiguous",
		[XDF_DBUF_IMPORTED] = "shared, imported",
		[XDF_DBUF_SHADOW] = "copied",
		[XDF_DBUF_BACKEND] = "copied to the backend's memory",
	};
	unsigned int i, count[XDF_DBUF_MODES] = {};
	u64 bytes[XDF_DBUF_MODES] = {};
	enum xdf_dbuf_mode mode;
	struct xdf_dbuf *d;

	spin_lock_irq(&dbufs->lock);
	list_for_each_entry(d, &dbufs->list, entry)
		if (dbuf_is_shared(d)) {
			mode = READ_ONCE(d->mode);
			count[mode]++;
			bytes[mode] += READ_ONCE(d->size);
		}
	spin_unlock_irq(&dbufs->lock);
	for (i = 0; i < XDF_DBUF_MODES; i++)
		seq_printf(m, "buffers %s: %u, %llu KiB\n", names[i], count[i], bytes[i] >> 10);
}

/* None yet. */
void xdf_dbufs_init(struct xdf_dbufs *dbufs, struct drm_device *drm, struct xdf_backend *backend,
		    struct work_struct *answered, bool be_alloc)
{
	if (be_alloc && !xdf_shadow_can_map()) {
		drm_warn(drm,
			 "this kernel cannot map the backend's memory (error %d), the guest's own is used: set be-alloc=0 in the configuration, or take a kernel with pages of 4 KiB\n",
			 -EOPNOTSUPP);
		be_alloc = false;
	}
	dbufs->drm = drm;
	dbufs->backend = backend;
	dbufs->answered = answered;
	dbufs->be_alloc = be_alloc;
	mutex_init(&dbufs->mutex);
	spin_lock_init(&dbufs->lock);
	INIT_LIST_HEAD(&dbufs->list);
}
