// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <drm/drm_debugfs_crc.h>
#include <drm/drm_drv.h>
#include <drm/drm_vblank.h>

#include "xdf_scanout.h"

/* More vblanks than that at once are none that a tick came late for. */
#define GAP_MAX		60u

static bool crc_of_black(u32 width, u32 height, u32 *sum)
{
	u32 *line = kvmalloc_array(width, sizeof(*line), GFP_KERNEL);

	if (!line)
		return false;
	memset32(line, 0xff000000u, width);
	while (height--)
		*sum = crc32_le(*sum, (const u8 *)line, width * sizeof(*line));
	kvfree(line);
	return true;
}

/* Reading may take longer than a frame: those that pass meanwhile come next. */
static void crc_work(struct work_struct *work)
{
	struct xdf_scanout *s = container_of(work, struct xdf_scanout, crc_work);
	u32 width, height, first, last, sum = ~0;
	struct xdf_dbuf *dbuf;
	bool known;

	spin_lock_irq(&s->lock);
	/* queued once more by a frame that the last run took along */
	if (!s->crc_pending) {
		spin_unlock_irq(&s->lock);
		return;
	}
	dbuf = xdf_dbuf_get(s->crc_dbuf);
	width = s->crc_width;
	height = s->crc_height;
	first = s->crc_first;
	last = s->crc_last;
	s->crc_pending = false;
	spin_unlock_irq(&s->lock);

	known = dbuf ? !xdf_dbuf_crc(dbuf, &sum) : crc_of_black(width, height, &sum);
	xdf_dbuf_put(dbuf);
	WRITE_ONCE(s->crcs, s->crcs + 1);
	sum = ~sum;
	for (; known && first - 1 != last; first++)
		drm_crtc_add_crc_entry(s->crtc, true, first, &sum);
}

/* A frame begins. Context: after the vblank and all that it settles; with the scanout's lock. */
void xdf_crc_frame(struct xdf_scanout *s)
{
	bool same;
	u32 frame;

	if (!s->crc_on)
		return;
	frame = drm_crtc_vblank_count(s->crtc);
	same = s->crc_dbuf == s->shown.dbuf && s->crc_width == s->wanted.width &&
		s->crc_height == s->wanted.height && frame - s->crc_last <= GAP_MAX;
	/* of what is no longer shown there is nothing to be read */
	if (!same)
		s->crc_first = frame;
	/* a late tick stands for several vblanks */
	else if (!s->crc_pending)
		s->crc_first = s->crc_last + 1;
	s->crc_last = frame;
	s->crc_pending = true;
	s->crc_width = s->wanted.width;
	s->crc_height = s->wanted.height;
	xdf_dbuf_put(s->crc_dbuf);
	s->crc_dbuf = xdf_dbuf_get(s->shown.dbuf);
	queue_work(s->wq, &s->crc_work);
}

/* The last thing that is done to a scanout, perhaps. */
static void crc_let_go_work(struct work_struct *work)
{
	struct xdf_scanout *s = container_of(work, struct xdf_scanout, crc_let_go.work);

	drm_dev_put(s->crtc->dev);
	/* whose end waits for this function's */
	module_put(THIS_MODULE);
}

static int crc_start(struct xdf_scanout *s)
{
	/* ticks go on as long as there is a reader */
	int ret = drm_crtc_vblank_get(s->crtc);

	if (ret)
		return ret;
	/* DRM's file holds neither device nor module; the last reader's hold may be there yet */
	if (!cancel_delayed_work(&s->crc_let_go)) {
		if (!try_module_get(THIS_MODULE)) {
			drm_crtc_vblank_put(s->crtc);
			return -ENODEV;
		}
		drm_dev_get(s->crtc->dev);
	}
	spin_lock_irq(&s->lock);
	s->crc_width = 0;
	s->crc_pending = false;
	WRITE_ONCE(s->crc_on, true);
	spin_unlock_irq(&s->lock);
	return 0;
}

/* drm_crtc_funcs.set_crc_source: a good one, or NULL. */
int xdf_crc_set_source(struct xdf_scanout *s, const char *source)
{
	struct xdf_dbuf *dbuf = NULL;

	if (source)
		return crc_start(s);
	if (!READ_ONCE(s->crc_on))
		return 0;
	spin_lock_irq(&s->lock);
	WRITE_ONCE(s->crc_on, false);
	swap(dbuf, s->crc_dbuf);
	spin_unlock_irq(&s->lock);
	cancel_work_sync(&s->crc_work);
	xdf_dbuf_put(dbuf);
	drm_crtc_vblank_put(s->crtc);
	/* DRM goes on with the CRTC for a moment when it is back from here */
	queue_delayed_work(s->wq, &s->crc_let_go, HZ);
	return 0;
}

/* drm_crtc_funcs.verify_crc_source */
int xdf_crc_verify_source(struct drm_crtc *crtc, const char *source, size_t *count)
{
	if (source && strcmp(source, "auto"))
		return -EINVAL;
	*count = 1;
	return 0;
}

static void crc_ending_work(struct work_struct *work)
{
	struct xdf_scanout *s = container_of(work, struct xdf_scanout, crc_ending.work);
	u32 none = 0;

	if (!READ_ONCE(s->crc_on))
		return;
	drm_crtc_add_crc_entry(s->crtc, false, 0, &none);
	queue_delayed_work(s->wq, &s->crc_ending, HZ / 20);
}

/* The device goes, which waits for readers: until xdf_crc_fini() they get something in any case. */
void xdf_crc_end(struct xdf_scanout *s)
{
	queue_delayed_work(s->wq, &s->crc_ending, 0);
}

/* The device's files are gone, but for those that are open. */
void xdf_crc_fini(struct xdf_scanout *s)
{
	cancel_delayed_work_sync(&s->crc_ending);
}

/* Off; the scanout's CRTC, workqueue and lock are set. */
void xdf_crc_init(struct xdf_scanout *s)
{
	INIT_WORK(&s->crc_work, crc_work);
	INIT_DELAYED_WORK(&s->crc_let_go, crc_let_go_work);
	INIT_DELAYED_WORK(&s->crc_ending, crc_ending_work);
}
