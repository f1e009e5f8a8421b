// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/slab.h>
#include <drm/drm_fourcc.h>
#include <xen/xen.h>

#include "xdf_shadow.h"

/* The backend's pages, mapped here */

/* One call of the hypervisor for so many. */
#define MAP_BATCH	256u

static int shadow_map_batch(struct xdf_shadow *shadow, domid_t domid, const u32 *refs,
			    struct page **pages, u32 n, struct gnttab_map_grant_ref *ops)
{
	int ret;
	u32 i;

	for (i = 0; i < n; i++)
		gnttab_set_map_op(&ops[i], (unsigned long)page_address(pages[i]),
				  GNTMAP_host_map, refs[i], domid);
	ret = gnttab_map_refs(ops, NULL, pages, n);
	for (i = 0; i < n; i++) {
		if (ops[i].status != GNTST_okay) {
			ret = ret ?: -EINVAL;
			continue;
		}
		/* should one before have failed, those that are mapped come first */
		gnttab_set_unmap_op(&shadow->unmap_ops[shadow->mapped],
				    (unsigned long)page_address(pages[i]),
				    GNTMAP_host_map, ops[i].handle);
		swap(shadow->backend_pages[shadow->mapped], pages[i]);
		shadow->mapped++;
	}
	return ret;
}

/* Whatever cannot be unmapped is lost: it must not get into other hands. */
static void shadow_unmap(struct xdf_shadow *shadow)
{
	u32 i, n, lost = 0, count = shadow->size / DISPLIF_PAGE_SIZE;

	if (!shadow->backend_pages)
		return;
	for (i = 0; i < shadow->mapped; i += n) {
		n = min(shadow->mapped - i, MAP_BATCH);
		if (gnttab_unmap_refs(shadow->unmap_ops + i, NULL, shadow->backend_pages + i, n))
			lost += n;
	}
	if (lost)
		pr_err("xen_drm_front: %u of the backend's pages could not be unmapped: keeping %u pages for good (error %d)\n",
		       lost, count, -EBUSY);
	else
		xen_free_unpopulated_pages(count, shadow->backend_pages);
	kvfree(shadow->backend_pages);
	kvfree(shadow->unmap_ops);
	shadow->backend_pages = NULL;
	shadow->mapped = 0;
}

/*
 * Can this kernel map what another domain grants? Not where pages are larger than a
 * grant, or where it has no page to stand for another domain's.
 */
bool xdf_shadow_can_map(void)
{
	struct page *page;
	int ret;

	if (PAGE_SIZE != XEN_PAGE_SIZE)
		return false;
	ret = xen_alloc_unpopulated_pages(1, &page);
	if (!ret)
		xen_free_unpopulated_pages(1, &page);
	return ret != -EOPNOTSUPP;
}

/* Shadow buffers */

/*
 * A backend that allocates chooses the pitch itself and cannot say which. All
 * hardware takes this one, so it has nothing to round up.
 */
#define SHADOW_PITCH_ALIGN	256

/* Pixels read from a device at a time. */
#define SHADOW_CHUNK		64u

/*
 * A shadow buffer, without memory, of a picture that xdf_layout_fits() accepts.
 * @gem, which is drawn in, is the caller's to hold.
 * Context: may sleep, and wait for another driver.
 * Return: the shadow, or an ERR_PTR() when the buffer cannot be mapped.
 */
struct xdf_shadow *xdf_shadow_create(struct xdf_gem *gem, const struct xdf_layout *source)
{
	struct xdf_shadow *shadow = kzalloc(sizeof(*shadow), GFP_KERNEL);
	int ret;

	if (!shadow)
		return ERR_PTR(-ENOMEM);
	shadow->gem = gem;
	shadow->source = *source;
	ret = xdf_gem_map_source(gem, &shadow->map);
	if (ret) {
		kfree(shadow);
		return ERR_PTR(ret);
	}
	return shadow;
}

/* Context: without memory; may sleep, and wait for another driver. */
void xdf_shadow_destroy(struct xdf_shadow *shadow)
{
	if (!shadow)
		return;
	xdf_gem_unmap_source(shadow->gem, &shadow->map);
	kfree(shadow);
}

/*
 * How the pixels lie in a shadow without memory: in XRGB8888, when @convert_from
 * is the source's fourcc, or if 0 as the source is.
 * Return: 0, or -EINVAL when it would be larger than the wire can say.
 */
int xdf_shadow_set_format(struct xdf_shadow *shadow, u32 convert_from)
{
	const struct xdf_layout *l = &shadow->source;
	u32 cpp = convert_from ? sizeof(u32) : l->cpp;
	u64 pitch = ALIGN((u64)l->width * cpp, SHADOW_PITCH_ALIGN);
	u64 size = PAGE_ALIGN(pitch * l->height);

	if (size > U32_MAX)
		return -EINVAL;
	shadow->convert_from = convert_from;
	shadow->cpp = cpp;
	shadow->pitch = pitch;
	shadow->size = size;
	return 0;
}

/* The pages are seen by others only with the buffer's lock. */
static void shadow_set_pages(struct xdf_shadow *shadow, struct page **pages)
{
	mutex_lock(&shadow->gem->lock);
	WRITE_ONCE(shadow->pages, pages);
	mutex_unlock(&shadow->gem->lock);
}

/* Memory of our own; the format is set. Return: 0 or -ENOMEM. */
int xdf_shadow_alloc(struct xdf_shadow *shadow)
{
	shadow->mem = xdf_gem_alloc_mem(shadow->gem->base.dev, shadow->size);
	if (!shadow->mem)
		return -ENOMEM;
	shadow_set_pages(shadow, shadow->mem->pages);
	return 0;
}

/*
 * Memory of the backend, where xdf_shadow_can_map(); the format is set. @refs is
 * a private copy of its references, one for each 4 KiB.
 * Return: 0, -EINVAL when a reference is invalid, or -ENOMEM.
 */
int xdf_shadow_map(struct xdf_shadow *shadow, domid_t domid, const u32 *refs)
{
	u32 i, count = shadow->size / DISPLIF_PAGE_SIZE;
	struct gnttab_map_grant_ref *ops;
	struct page **pages;
	int ret = -ENOMEM;

	for (i = 0; i < count; i++)
		if (!refs[i])
			return -EINVAL;
	ops = kcalloc(MAP_BATCH, sizeof(*ops), GFP_KERNEL);
	pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL);
	shadow->unmap_ops = kvcalloc(count, sizeof(*shadow->unmap_ops), GFP_KERNEL);
	if (ops && pages && shadow->unmap_ops)
		ret = xen_alloc_unpopulated_pages(count, pages);
	if (ret) {
		kvfree(shadow->unmap_ops);
		kvfree(pages);
		kfree(ops);
		return ret;
	}
	shadow->backend_pages = pages;
	for (i = 0; !ret && i < count; i += MAP_BATCH)
		ret = shadow_map_batch(shadow, domid, refs + i, pages + i,
				       min(count - i, MAP_BATCH), ops);
	kfree(ops);
	if (ret)
		shadow_unmap(shadow);
	else
		shadow_set_pages(shadow, pages);
	return ret;
}

/* Give the memory back. Context: may sleep; waits for no other driver. */
void xdf_shadow_release(struct xdf_shadow *shadow)
{
	if (!shadow || !shadow->pages)
		return;
	shadow_set_pages(shadow, NULL);
	shadow_unmap(shadow);
	xdf_mem_put(shadow->mem);
	shadow->mem = NULL;
}

/*
 * A place in the shadow, in bytes, and how many of @count pixels from there on are in
 * the same page. None lies in two: the pitch is a multiple of its size. The pages, ours
 * or the balloon's, are never high memory and so have an address.
 */
static void *shadow_at(const struct xdf_shadow *shadow, u32 at, u32 *count)
{
	*count = min_t(u32, *count, (PAGE_SIZE - offset_in_page(at)) / shadow->cpp);
	return page_address(shadow->pages[at >> PAGE_SHIFT]) + offset_in_page(at);
}

/*
 * Pixels from a place in the source to one in the shadow. They are converted by way of
 * a chunk: the source may be a device's memory.
 */
static void shadow_run(struct xdf_shadow *shadow, u32 to, u32 from, u32 count)
{
	u32 part, chunk[SHADOW_CHUNK], convert_from = shadow->convert_from;
	void *pixels;

	for (; count; count -= part) {
		part = convert_from ? min(count, SHADOW_CHUNK) : count;
		pixels = shadow_at(shadow, to, &part);
		iosys_map_memcpy_from(convert_from ? chunk : pixels, &shadow->map, from,
				      part * shadow->source.cpp);
		if (convert_from)
			xdf_format_to_xrgb8888(pixels, chunk, part, convert_from);
		to += part * shadow->cpp;
		from += part * shadow->source.cpp;
	}
}

static void shadow_draw(struct xdf_shadow *shadow, const struct drm_rect *rect)
{
	const struct xdf_layout *l = &shadow->source;
	struct drm_rect all;
	u32 y;

	drm_rect_init(&all, 0, 0, l->width, l->height);
	rect = rect ?: &all;
	for (y = rect->y1; shadow->pages && y < rect->y2; y++)
		shadow_run(shadow, y * shadow->pitch + rect->x1 * shadow->cpp,
			   l->offset + y * l->pitch + rect->x1 * l->cpp, rect->x2 - rect->x1);
}

/*
 * What was drawn in @rect, within the picture and in its pixels, or in all of it
 * to what the backend sees. Nothing happens without memory.
 * Context: may sleep; between xdf_gem_begin_read() and xdf_gem_end_read().
 */
void xdf_shadow_update(struct xdf_shadow *shadow, const struct drm_rect *rect)
{
	mutex_lock(&shadow->gem->lock);
	shadow_draw(shadow, rect);
	mutex_unlock(&shadow->gem->lock);
}

/*
 * The checksum of what the backend sees, in XRGB8888; @line has room for one of it.
 * @format is the source's.
 * Return: false without memory.
 */
bool xdf_shadow_crc(struct xdf_shadow *shadow, u32 format, u32 *line, u32 *sum)
{
	const struct xdf_layout *l = &shadow->source;
	u32 x, y, part;
	void *pixels;
	bool there;

	mutex_lock(&shadow->gem->lock);
	there = shadow->pages;
	if (shadow->convert_from)
		format = DRM_FORMAT_XRGB8888;
	for (y = 0; there && y < l->height; y++)
		for (x = 0; x < l->width; x += part) {
			part = l->width - x;
			pixels = shadow_at(shadow, y * shadow->pitch + x * shadow->cpp, &part);
			xdf_format_to_xrgb8888(line, pixels, part, format);
			*sum = crc32_le(*sum, (const u8 *)line, part * sizeof(*line));
		}
	mutex_unlock(&shadow->gem->lock);
	return there;
}

/* The same as an update of all, whatever another driver says. Context: the kernel panics. */
void xdf_shadow_panic(struct xdf_shadow *shadow)
{
	shadow_draw(shadow, NULL);
}
