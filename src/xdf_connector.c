// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/mm.h>
#include <linux/slab.h>
#include <drm/drm_edid.h>
#include <drm/drm_modes.h>
#include <drm/drm_print.h>

#include "xdf_connector.h"

/* Below this a monitor's mode is a mistake of whoever made its EDID. */
#define SANE_HZ		20

/*
 * Forget what was rejected: there is a new backend, or another size in XenStore.
 * Return: whether the modes are others now.
 */
bool xdf_connector_renew(struct xdf_connector *c)
{
	bool rejected = READ_ONCE(c->rejections);
	unsigned int i;

	for (i = 0; i < XDF_MAX_REJECTED; i++)
		WRITE_ONCE(c->rejected[i], 0);
	WRITE_ONCE(c->rejections, 0);
	WRITE_ONCE(c->told, 0);
	return rejected;
}

/*
 * Ask the backend for the EDID. xdf_connector_wait_edid() has to follow, whatever
 * comes of it. Context: may sleep; does not wait for the answer.
 */
void xdf_connector_ask_edid(struct xdf_connector *c, struct xdf_backend *b, u32 epoch)
{
	struct xenbus_device *xdev = b->xdev;
	struct xdf_grants *grants, *dir;
	int ret;

	grants = xdf_grants_alloc(&xdev->dev, xdev->otherend_id, DISPLIF_EDID_MAX);
	dir = grants;
	if (!IS_ERR(grants)) {
		c->grants = grants;
		dir = xdf_directory_create(&xdev->dev, xdev->otherend_id, grants->refs,
					   DISPLIF_EDID_MAX / DISPLIF_PAGE_SIZE);
	}
	ret = PTR_ERR_OR_ZERO(dir);
	if (!ret) {
		c->dir = dir;
		xdf_displif_start(&c->rq.wire, DISPLIF_OP_GET_EDID);
		c->rq.wire.op.get_edid.buffer_sz = DISPLIF_EDID_MAX;
		c->rq.wire.op.get_edid.gref_directory = dir->refs[0];
		ret = xdf_channel_begin(c->channel, &c->rq, epoch);
	}
	if (!ret)
		return;
	init_completion(&c->rq.answered);
	c->rq.status = ret;
	complete(&c->rq.answered);
}

/* The answer, of which a copy is looked at; a block of zeroes: there is none. */
static u8 *connector_read_edid(struct xdf_connector *c)
{
	u32 i, size = c->rq.resp.op.get_edid.edid_sz;
	int status = c->rq.status;
	u8 *edid;

	/* no such operation, or no monitor that has one */
	if (status == -EINVAL || status == -ENOSYS || status == -EOPNOTSUPP || status == -ENOENT)
		size = 0;
	else if (status)
		return ERR_PTR(status);
	if (size > DISPLIF_EDID_MAX)
		return ERR_PTR(-EINVAL);
	edid = kzalloc(max_t(u32, size, DISPLIF_EDID_BLOCK), GFP_KERNEL);
	if (!edid)
		return ERR_PTR(-ENOMEM);
	/* the backend can still write there */
	for (i = 0; i < size; i += PAGE_SIZE)
		memcpy(edid + i, page_address(c->grants->mem->pages[i >> PAGE_SHIFT]),
		       min_t(u32, size - i, PAGE_SIZE));
	if (!size || xdf_edid_check(edid, size) > 0)
		return edid;
	kfree(edid);
	return ERR_PTR(-EINVAL);
}

/* Wait for the answer, until the request's deadline or the connection's end. */
void xdf_connector_wait_edid(struct xdf_connector *c)
{
	u8 *edid;

	wait_for_completion(&c->rq.answered);
	edid = connector_read_edid(c);
	xdf_grants_release(xchg(&c->dir, NULL));
	xdf_grants_release(xchg(&c->grants, NULL));
	/* the next connection tells */
	if (c->rq.status == -ENODEV)
		return;
	if (IS_ERR(edid)) {
		drm_warn(c->base.dev,
			 "connector %u: the backend's EDID is invalid (error %ld); going on with the size of XenStore\n",
			 c->channel->node, PTR_ERR(edid));
		edid = kzalloc(DISPLIF_EDID_BLOCK, GFP_KERNEL);
	}
	kfree(xchg(&c->new_edid, edid));
}

/*
 * The backend's last answer counts from now on. Context: under mode_config.mutex.
 * Return: whether the modes are others than before.
 */
bool xdf_connector_update(struct xdf_connector *c)
{
	bool changed = xchg(&c->changed, false);
	u8 *edid = xchg(&c->new_edid, NULL);
	int size;

	if (!edid)
		return changed;
	/* what was checked has no more than that says */
	size = max(xdf_edid_check(edid, DISPLIF_EDID_MAX), 0);
	changed |= size != c->edid_size || (size && memcmp(edid, c->edid, size));
	kfree(c->edid);
	c->edid = edid;
	WRITE_ONCE(c->edid_size, size);
	return changed;
}

static void connector_timing(struct drm_display_mode *mode, u32 width, u32 height)
{
	xdf_mode_timings(mode, width, height, XDF_DEFAULT_HZ);
	mode->flags = DRM_MODE_FLAG_PHSYNC | DRM_MODE_FLAG_NVSYNC;
	drm_mode_set_name(mode);
}

static int connector_block(void *data, u8 *buf, unsigned int block, size_t len)
{
	const struct xdf_connector *c = data;
	size_t start = (size_t)block * DISPLIF_EDID_BLOCK;

	if (start + len > c->edid_size)
		return -1;
	memcpy(buf, c->edid + start, len);
	return 0;
}

static int connector_edid_modes(struct xdf_connector *c)
{
	struct drm_connector *connector = &c->base;
	const struct drm_edid *edid = NULL;
	struct drm_display_mode *mode;
	int count = 0;

	if (c->edid_size)
		edid = drm_edid_read_custom(connector, connector_block, c);
	drm_edid_connector_update(connector, edid);
	if (edid)
		count = drm_edid_connector_add_modes(connector);
	drm_edid_free(edid);

	list_for_each_entry(mode, &connector->probed_modes, head) {
		mode->type &= ~DRM_MODE_TYPE_PREFERRED;
		/* a 16-bit pixel clock that overflowed, and the like */
		if (drm_mode_vrefresh(mode) < SANE_HZ)
			connector_timing(mode, mode->hdisplay, mode->vdisplay);
	}
	return count;
}

static bool connector_has_rejected(const struct xdf_connector *c, u32 width, u32 height)
{
	unsigned int i;

	for (i = 0; i < XDF_MAX_REJECTED; i++)
		if (READ_ONCE(c->rejected[i]) == (width << 16 | height))
			return true;
	return false;
}

/* Instead of XenStore's size: the largest within it, or else of all. */
static struct drm_display_mode *connector_second_best(const struct xdf_connector *c)
{
	struct drm_display_mode *mode, *best = NULL;
	u64 rank, best_rank = 0;

	list_for_each_entry(mode, &c->base.probed_modes, head) {
		if (mode->flags & (DRM_MODE_FLAG_INTERLACE | DRM_MODE_FLAG_DBLSCAN) ||
		    connector_has_rejected(c, mode->hdisplay, mode->vdisplay))
			continue;
		rank = mode->hdisplay * mode->vdisplay;
		if (mode->hdisplay <= c->width && mode->vdisplay <= c->height)
			rank += U32_MAX;
		if (rank <= best_rank)
			continue;
		best = mode;
		best_rank = rank;
	}
	return best;
}

/*
 * All modes of the monitor, XenStore's size preferred. The smaller standard ones
 * are offered too without an EDID, or when the backend has rejected XenStore's
 * size. Then another one is preferred. Context: under mode_config.mutex.
 * Return: their number.
 */
int xdf_connector_add_modes(struct xdf_connector *c)
{
	struct drm_connector *connector = &c->base;
	bool rejected = connector_has_rejected(c, c->width, c->height);
	struct drm_display_mode *mode, *best;
	int count;

	count = connector_edid_modes(c);
	if (!count || rejected)
		count += drm_add_modes_noedid(connector, c->width, c->height);
	best = rejected ? connector_second_best(c) : NULL;
	WRITE_ONCE(c->exhausted, rejected && !best);
	/* whatever the monitor prefers: XenStore's is the administrator's wish */
	list_for_each_entry(mode, &connector->probed_modes, head)
		if (!best && mode->hdisplay == c->width && mode->vdisplay == c->height)
			best = mode;
	if (!best) {
		best = drm_mode_create(connector->dev);
		if (!best)
			return count;
		best->type = DRM_MODE_TYPE_DRIVER;
		connector_timing(best, c->width, c->height);
		drm_mode_probed_add(connector, best);
		count++;
	}
	best->type |= DRM_MODE_TYPE_PREFERRED;
	return count;
}

/*
 * The backend does not show this size; userspace is told that modes have gone.
 * Context: any; calls must not overlap.
 */
void xdf_connector_reject(struct xdf_connector *c, u32 width, u32 height)
{
	unsigned int i;

	if (connector_has_rejected(c, width, height))
		return;
	i = READ_ONCE(c->rejections) % XDF_MAX_REJECTED;
	WRITE_ONCE(c->rejected[i], width << 16 | height);
	WRITE_ONCE(c->rejections, READ_ONCE(c->rejections) + 1);
	WRITE_ONCE(c->changed, true);
	schedule_work(c->hotplug);
}

/*
 * Does this backend not show that size? Something has to be offered: when nothing
 * is left, XenStore's size is.
 */
bool xdf_connector_rejects(const struct xdf_connector *c, u32 width, u32 height)
{
	if (READ_ONCE(c->exhausted) && width == READ_ONCE(c->width) &&
	    height == READ_ONCE(c->height))
		return false;
	return connector_has_rejected(c, width, height);
}

/*
 * A line for each size rejected since the last call; the modes have just been
 * looked for. Context: under mode_config.mutex.
 */
void xdf_connector_log_rejected(struct xdf_connector *c)
{
	struct drm_display_mode *mode;
	unsigned int told;

	mode = list_first_entry_or_null(&c->base.modes, struct drm_display_mode, head);
	for (told = READ_ONCE(c->told); told < READ_ONCE(c->rejections); told++) {
		u32 size = READ_ONCE(c->rejected[told % XDF_MAX_REJECTED]);

		if (mode && !READ_ONCE(c->exhausted))
			drm_warn(c->base.dev,
				 "connector %u: the backend rejected %ux%u (error %d), %s is preferred instead; give the connector a resolution that the host has\n",
				 c->channel->node, size >> 16, size & 0xffff, -EINVAL, mode->name);
		else
			drm_warn(c->base.dev,
				 "connector %u: the backend rejected %ux%u (error %d) and all others, the screen stays as it is; give the connector a resolution that the host has\n",
				 c->channel->node, size >> 16, size & 0xffff, -EINVAL);
	}
	WRITE_ONCE(c->told, told);
}
