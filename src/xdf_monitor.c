// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <drm/drm_edid.h>
#include <drm/drm_modes.h>
#include <drm/drm_print.h>

#include "xdf_config.h"
#include "xdf_displif.h"
#include "xdf_edid.h"
#include "xdf_monitor.h"

/* Below this a monitor's mode is a mistake of whoever made its EDID. */
#define SANE_HZ		20

static void monitor_forget(struct xdf_monitor *m)
{
	xdf_directory_destroy(m->dir);
	xdf_grants_release(m->grants);
	xdf_mem_put(m->room);
	m->dir = NULL;
	m->grants = NULL;
	m->room = NULL;
}

static int monitor_room(struct xdf_monitor *m)
{
	struct xenbus_device *xdev = m->link->xdev;
	struct xdf_directory *dir;
	struct xdf_grants *grants;
	struct xdf_mem *room;

	room = xdf_mem_alloc(&xdev->dev, DISPLIF_EDID_MAX);
	if (IS_ERR(room))
		return PTR_ERR(room);
	m->room = room;
	grants = xdf_grants_share_mem(xdev->otherend_id, room);
	if (IS_ERR(grants))
		return PTR_ERR(grants);
	m->grants = grants;
	dir = xdf_directory_create(&xdev->dev, xdev->otherend_id, grants->refs,
				   DISPLIF_EDID_MAX / DISPLIF_PAGE_SIZE);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	m->dir = dir;
	return 0;
}

static void monitor_done(struct xdf_request *rq)
{
	struct xdf_monitor *m = container_of(rq, struct xdf_monitor, rq);

	m->answered(m->data);
}

/**
 * xdf_monitor_renew - forget what was rejected: there is a new backend, or
 * another size in XenStore
 * @m: the monitor
 *
 * Return: whether the modes are others now.
 */
bool xdf_monitor_renew(struct xdf_monitor *m)
{
	bool rejected = memchr_inv(m->rejected, 0, sizeof(m->rejected));

	memset(m->rejected, 0, sizeof(m->rejected));
	m->rejections = 0;
	m->told = 0;
	return rejected;
}

/**
 * xdf_monitor_ask - ask a new backend for the EDID
 * @m: no question of it is open
 *
 * Context: may sleep; does not wait for the answer.
 *
 * Return: 0, and answered() is called later; or a negative errno.
 */
int xdf_monitor_ask(struct xdf_monitor *m)
{
	int ret;

	monitor_forget(m);
	ret = monitor_room(m);
	if (ret)
		goto err;
	xdf_displif_get_edid(&m->rq.wire, DISPLIF_EDID_MAX, xdf_directory_ref(m->dir));
	ret = xdf_link_submit(m->link, m->index, &m->rq);
	if (ret)
		goto err;
	return 0;

err:
	monitor_forget(m);
	return ret;
}

/* The octets of *@edid, the caller's to free; 0 when the backend has none. */
static int monitor_read(struct xdf_monitor *m, u8 **edid)
{
	u32 size = m->rq.resp.op.get_edid.edid_sz;
	u8 *copy = NULL;
	void *shared;
	int ret;

	*edid = NULL;
	if (!m->room)
		return 0;
	switch (m->rq.status) {
	case 0:
		break;
	case -EINVAL:
	case -ENOSYS:
	case -EOPNOTSUPP:
	case -ENOENT:
		/* no such operation, or no monitor that has one */
		monitor_forget(m);
		return 0;
	default:
		ret = m->rq.status;
		goto out;
	}
	ret = -EINVAL;
	if (size > DISPLIF_EDID_MAX)
		goto out;
	/* copied before it is looked at: the backend can still write there */
	ret = -ENOMEM;
	shared = vmap(m->room->pages, m->room->npages, VM_MAP, PAGE_KERNEL);
	if (!shared)
		goto out;
	copy = kmemdup(shared, max(size, 1u), GFP_KERNEL);
	vunmap(shared);
	if (!copy)
		goto out;
	ret = xdf_edid_check(copy, size);
	if (ret < 0)
		kfree(copy);
	else
		*edid = copy;
out:
	monitor_forget(m);
	return ret;
}

/**
 * xdf_monitor_take - the answer to the last question
 * @m: answered
 * @connector: whose it is
 *
 * Context: may sleep.
 *
 * Return: whether the monitor is another one than before.
 */
bool xdf_monitor_take(struct xdf_monitor *m, struct drm_connector *connector)
{
	bool changed;
	u8 *edid;
	int size;

	size = monitor_read(m, &edid);
	if (size < 0) {
		drm_warn(connector->dev,
			 "%s: the backend's EDID is of no use (error %d); going on with the size of XenStore\n",
			 connector->name, size);
		size = 0;
	}
	/* not DRM's mutex, under which clients may wait for a disk, and that for the bus */
	mutex_lock(&m->lock);
	changed = size != m->edid_size || (size && memcmp(edid, m->edid, size));
	swap(m->edid, edid);
	m->edid_size = size;
	mutex_unlock(&m->lock);
	kfree(edid);
	return changed;
}

static void monitor_timing(struct drm_display_mode *mode, u32 width, u32 height)
{
	struct xdf_timing t;

	xdf_timing_make(width, height, XDF_DEFAULT_HZ, &t);
	mode->clock = t.clock;
	mode->hdisplay = t.hdisplay;
	mode->hsync_start = t.hsync_start;
	mode->hsync_end = t.hsync_end;
	mode->htotal = t.htotal;
	mode->vdisplay = t.vdisplay;
	mode->vsync_start = t.vsync_start;
	mode->vsync_end = t.vsync_end;
	mode->vtotal = t.vtotal;
	mode->flags = DRM_MODE_FLAG_PHSYNC | DRM_MODE_FLAG_NVSYNC;
	drm_mode_set_name(mode);
}

static int monitor_block(void *data, u8 *buf, unsigned int block, size_t len)
{
	struct xdf_monitor *m = data;
	size_t start = (size_t)block * DISPLIF_EDID_BLOCK;
	int ret = -1;

	mutex_lock(&m->lock);
	if (start + len <= m->edid_size) {
		memcpy(buf, m->edid + start, len);
		ret = 0;
	}
	mutex_unlock(&m->lock);
	return ret;
}

static int monitor_edid_modes(struct xdf_monitor *m,
			      struct drm_connector *connector)
{
	const struct drm_edid *edid = NULL;
	struct drm_display_mode *mode;
	int count = 0;

	if (READ_ONCE(m->edid))
		edid = drm_edid_read_custom(connector, monitor_block, m);
	drm_edid_connector_update(connector, edid);
	if (edid)
		count = drm_edid_connector_add_modes(connector);
	drm_edid_free(edid);

	list_for_each_entry(mode, &connector->probed_modes, head) {
		mode->type &= ~DRM_MODE_TYPE_PREFERRED;
		/* a 16-bit pixel clock that overflowed, and the like */
		if (drm_mode_vrefresh(mode) < SANE_HZ)
			monitor_timing(mode, mode->hdisplay, mode->vdisplay);
	}
	return count;
}

static u32 monitor_size(u32 width, u32 height)
{
	return width << 16 | height;
}

static bool monitor_has_rejected(const struct xdf_monitor *m, u32 width,
				 u32 height)
{
	unsigned int i;

	for (i = 0; i < XDF_MAX_REJECTED; i++)
		if (READ_ONCE(m->rejected[i]) == monitor_size(width, height))
			return true;
	return false;
}

/* Instead of XenStore's size: the largest within it, or else of all. */
static struct drm_display_mode *
monitor_second_best(const struct xdf_monitor *m,
		    const struct drm_connector *connector)
{
	struct drm_display_mode *mode, *best = NULL;
	u64 rank, best_rank = 0;

	list_for_each_entry(mode, &connector->probed_modes, head) {
		if (mode->flags & (DRM_MODE_FLAG_INTERLACE |
				   DRM_MODE_FLAG_DBLSCAN) ||
		    monitor_has_rejected(m, mode->hdisplay, mode->vdisplay))
			continue;
		rank = mode->hdisplay * mode->vdisplay;
		if (mode->hdisplay <= m->width && mode->vdisplay <= m->height)
			rank += U32_MAX;
		if (rank <= best_rank)
			continue;
		best = mode;
		best_rank = rank;
	}
	return best;
}

/**
 * xdf_monitor_add_modes - all modes of the monitor, XenStore's size preferred
 * @m: the monitor
 * @connector: for drm_connector_helper_funcs.get_modes
 *
 * The smaller standard ones are offered too without an EDID, or when the
 * backend has rejected XenStore's size. Then another one is preferred.
 *
 * Context: under the mode configuration's mutex.
 *
 * Return: their number.
 */
int xdf_monitor_add_modes(struct xdf_monitor *m,
			  struct drm_connector *connector)
{
	bool rejected = monitor_has_rejected(m, m->width, m->height);
	struct drm_display_mode *mode;
	int count;

	count = monitor_edid_modes(m, connector);
	if (!count || rejected)
		count += drm_add_modes_noedid(connector, m->width, m->height);
	mode = rejected ? monitor_second_best(m, connector) : NULL;
	WRITE_ONCE(m->exhausted, rejected && !mode);
	if (mode) {
		mode->type |= DRM_MODE_TYPE_PREFERRED;
		return count;
	}
	/* whatever the monitor prefers: XenStore's is the administrator's wish */
	list_for_each_entry(mode, &connector->probed_modes, head) {
		if (mode->hdisplay == m->width && mode->vdisplay == m->height) {
			mode->type |= DRM_MODE_TYPE_PREFERRED;
			return count;
		}
	}
	mode = drm_mode_create(connector->dev);
	if (!mode)
		return count;
	mode->type = DRM_MODE_TYPE_DRIVER | DRM_MODE_TYPE_PREFERRED;
	monitor_timing(mode, m->width, m->height);
	drm_mode_probed_add(connector, mode);
	return count + 1;
}

/**
 * xdf_monitor_reject - the backend does not show this size
 * @m: the monitor
 * @width: in pixels, at most XDF_MAX_SIDE
 * @height: in lines
 *
 * Context: any; calls must not overlap.
 *
 * Return: whether that is news, and the modes are others now.
 */
bool xdf_monitor_reject(struct xdf_monitor *m, u32 width, u32 height)
{
	unsigned int i;

	if (monitor_has_rejected(m, width, height))
		return false;
	i = m->rejections % XDF_MAX_REJECTED;
	WRITE_ONCE(m->rejected[i], monitor_size(width, height));
	WRITE_ONCE(m->rejections, m->rejections + 1);
	return true;
}

/**
 * xdf_monitor_rejects - does this backend not show that size?
 * @m: the monitor
 * @width: in pixels, at most XDF_MAX_SIDE
 * @height: in lines
 *
 * Something has to be offered: when nothing is left, XenStore's size is.
 *
 * Return: true when it was rejected before.
 */
bool xdf_monitor_rejects(const struct xdf_monitor *m, u32 width, u32 height)
{
	if (READ_ONCE(m->exhausted) && width == READ_ONCE(m->width) &&
	    height == READ_ONCE(m->height))
		return false;
	return monitor_has_rejected(m, width, height);
}

/**
 * xdf_monitor_tell - a line in the log for each size rejected since the last call
 * @m: the monitor
 * @connector: its modes have just been looked for
 *
 * Context: under the mode configuration's mutex.
 */
void xdf_monitor_tell(struct xdf_monitor *m, struct drm_connector *connector)
{
	u32 node = m->link->channels[m->index].node;
	struct drm_display_mode *mode;

	mode = list_first_entry_or_null(&connector->modes,
					struct drm_display_mode, head);
	for (; m->told < READ_ONCE(m->rejections); m->told++) {
		u32 size = m->rejected[m->told % XDF_MAX_REJECTED];

		if (mode && !READ_ONCE(m->exhausted))
			drm_warn(connector->dev,
				 "connector %u: the backend rejected %ux%u (error %d), %s is preferred instead; give the connector a resolution that the host has\n",
				 node, size >> 16, size & 0xffff, -EINVAL,
				 mode->name);
		else
			drm_warn(connector->dev,
				 "connector %u: the backend rejected %ux%u (error %d) and all others, the screen stays as it is; give the connector a resolution that the host has\n",
				 node, size >> 16, size & 0xffff, -EINVAL);
	}
}

/**
 * xdf_monitor_init - no question yet
 * @m: zeroed
 * @link: the way to the backend
 * @index: the channel
 * @answered: told at the end of each question
 * @data: for @answered
 */
void xdf_monitor_init(struct xdf_monitor *m, struct xdf_link *link,
		      unsigned int index, void (*answered)(void *data),
		      void *data)
{
	mutex_init(&m->lock);
	m->link = link;
	m->index = index;
	m->answered = answered;
	m->data = data;
	m->rq.done = monitor_done;
}

/**
 * xdf_monitor_fini - the link is stopped
 * @m: the monitor
 */
void xdf_monitor_fini(struct xdf_monitor *m)
{
	monitor_forget(m);
	kfree(m->edid);
	mutex_destroy(&m->lock);
}
