// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <drm/drm_debugfs_crc.h>
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_vblank.h>

#include "xdf_crc.h"

#define BLACK		0xff000000u
/* More vblanks than that at once are none that a tick came late for. */
#define GAP_MAX		60u

/*
 * What the one open file keeps alive.
 * DRM does neither hold the device nor this module for its file.
 */
struct xdf_crc_reader {
	struct drm_device *drm;		/* the device, held */
	struct delayed_work work;	/* lets it go */
};

static bool crc_of_black(u32 width, u32 height, u32 *sum)
{
	u32 *line = kvmalloc_array(width, sizeof(*line), GFP_KERNEL);
	u32 i;

	if (!line)
		return false;
	for (i = 0; i < width; i++)
		line[i] = BLACK;
	while (height--)
		*sum = xdf_line_crc(*sum, line, width);
	kvfree(line);
	return true;
}

/* Reading may take longer than a frame: those that pass meanwhile come next. */
static void crc_work(struct work_struct *work)
{
	struct xdf_crc *crc = container_of(work, struct xdf_crc, work);
	u32 width, height, first, last, sum = ~0;
	struct xdf_dbuf *dbuf;
	bool known;

	spin_lock_irq(crc->lock);
	/* queued once more by a frame that the last run took along */
	if (!crc->pending) {
		spin_unlock_irq(crc->lock);
		return;
	}
	dbuf = xdf_dbuf_get(crc->dbuf);
	width = crc->width;
	height = crc->height;
	first = crc->first;
	last = crc->last;
	crc->pending = false;
	spin_unlock_irq(crc->lock);

	known = dbuf ? !xdf_dbuf_crc(dbuf, &sum) :
		       crc_of_black(width, height, &sum);
	xdf_dbuf_put(dbuf);
	WRITE_ONCE(crc->computed, crc->computed + 1);
	sum = ~sum;
	for (; known && first - 1 != last; first++)
		drm_crtc_add_crc_entry(crc->crtc, true, first, &sum);
}

/* The other half of xdf_crc_frame(). */
void xdf_crc_add_frame(struct xdf_crc *crc, struct xdf_dbuf *dbuf, u32 width,
		       u32 height)
{
	u32 frame = drm_crtc_vblank_count(crc->crtc);
	struct xdf_dbuf *old = NULL;
	bool same;

	if (!crc->on)
		return;
	same = crc->counted && crc->dbuf == dbuf && crc->width == width &&
		crc->height == height && frame - crc->last <= GAP_MAX;
	/* of what is no longer shown there is nothing to be read */
	if (!same)
		crc->first = frame;
	/* a late tick stands for several vblanks */
	else if (!crc->pending)
		crc->first = crc->last + 1;
	crc->last = frame;
	crc->counted = true;
	crc->pending = true;
	crc->width = width;
	crc->height = height;
	if (crc->dbuf != dbuf) {
		old = crc->dbuf;
		crc->dbuf = xdf_dbuf_get(dbuf);
	}
	queue_work(crc->wq, &crc->work);
	xdf_dbuf_put(old);
}

static void crc_reader_work(struct work_struct *work)
{
	struct xdf_crc_reader *reader =
		container_of(to_delayed_work(work), struct xdf_crc_reader, work);

	drm_dev_put(reader->drm);
	kfree(reader);
	/* whose end waits for this function's */
	module_put(THIS_MODULE);
}

static int crc_start(struct xdf_crc *crc)
{
	struct xdf_crc_reader *reader;
	int ret;

	reader = kzalloc(sizeof(*reader), GFP_KERNEL);
	if (!reader)
		return -ENOMEM;
	INIT_DELAYED_WORK(&reader->work, crc_reader_work);
	reader->drm = crc->crtc->dev;
	/* ticks go on as long as there is a reader */
	ret = drm_crtc_vblank_get(crc->crtc);
	if (ret)
		goto err_free;
	if (!try_module_get(THIS_MODULE)) {
		ret = -ENODEV;
		goto err_vblank;
	}
	drm_dev_get(reader->drm);
	crc->reader = reader;
	spin_lock_irq(crc->lock);
	crc->counted = false;
	crc->pending = false;
	WRITE_ONCE(crc->on, true);
	spin_unlock_irq(crc->lock);
	return 0;

err_vblank:
	drm_crtc_vblank_put(crc->crtc);
err_free:
	kfree(reader);
	return ret;
}

static void crc_stop(struct xdf_crc *crc)
{
	struct xdf_crc_reader *reader = crc->reader;
	struct xdf_dbuf *dbuf = NULL;

	if (!reader)
		return;
	crc->reader = NULL;
	spin_lock_irq(crc->lock);
	WRITE_ONCE(crc->on, false);
	swap(dbuf, crc->dbuf);
	spin_unlock_irq(crc->lock);
	cancel_work_sync(&crc->work);
	xdf_dbuf_put(dbuf);
	drm_crtc_vblank_put(crc->crtc);
	/* DRM goes on with the CRTC for a moment when it is back from here */
	queue_delayed_work(crc->wq, &reader->work, HZ);
}

/* drm_crtc_funcs.set_crc_source: a good one, or NULL. Return: 0 or an errno. */
int xdf_crc_set_source(struct xdf_crc *crc, const char *source)
{
	if (source)
		return crc_start(crc);
	crc_stop(crc);
	return 0;
}

/* drm_crtc_funcs.verify_crc_source */
int xdf_crc_verify_source(struct drm_crtc *crtc, const char *source,
			  size_t *count)
{
	if (source && strcmp(source, "auto"))
		return -EINVAL;
	*count = 1;
	return 0;
}

static void crc_ending_work(struct work_struct *work)
{
	struct xdf_crc *crc = container_of(to_delayed_work(work),
					   struct xdf_crc, ending);
	u32 none = 0;

	if (!READ_ONCE(crc->on))
		return;
	drm_crtc_add_crc_entry(crc->crtc, false, 0, &none);
	queue_delayed_work(crc->wq, &crc->ending, HZ / 20);
}

/*
 * The device goes. That waits for whoever reads just then: until xdf_crc_fini()
 * there is something to read, also where nothing is shown.
 */
void xdf_crc_end(struct xdf_crc *crc)
{
	queue_delayed_work(crc->wq, &crc->ending, 0);
}

/* The device's files are gone, but for those that are open. May sleep. */
void xdf_crc_fini(struct xdf_crc *crc)
{
	cancel_delayed_work_sync(&crc->ending);
}

/* Off. @lock is the output's, @wq unbound, and waited for before the module goes. */
void xdf_crc_init(struct xdf_crc *crc, struct drm_crtc *crtc, spinlock_t *lock,
		  struct workqueue_struct *wq)
{
	crc->crtc = crtc;
	crc->lock = lock;
	crc->wq = wq;
	INIT_WORK(&crc->work, crc_work);
	INIT_DELAYED_WORK(&crc->ending, crc_ending_work);
}
