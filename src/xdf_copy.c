// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/mm.h>
#include <linux/slab.h>
#include <drm/drm_device.h>

#include "xdf_copy.h"
#include "xdf_displif.h"
#include "xdf_format.h"

/*
 * A backend that allocates chooses the pitch itself and cannot say which. All
 * hardware takes this one, so it has nothing to round up.
 */
#define COPY_PITCH_ALIGN	256

/* Pixels read from a device at a time. */
#define COPY_CHUNK	64u

/**
 * xdf_copy_create - prepare a copy, without memory
 * @gem: the buffer
 * @source: a picture in it that xdf_layout_fits() accepts
 * @convert_from: its DRM fourcc to have the copy in XRGB8888; 0 to have it as
 *	it is
 *
 * Return: the copy; ERR_PTR(-EINVAL) when it would be larger than the wire can
 * say, or another negative errno when the buffer cannot be read.
 */
struct xdf_copy *xdf_copy_create(struct xdf_gem *gem,
				 const struct xdf_layout *source,
				 u32 convert_from)
{
	u32 cpp = convert_from ? sizeof(u32) : source->cpp;
	u64 pitch = ALIGN((u64)source->width * cpp, COPY_PITCH_ALIGN);
	u64 size = PAGE_ALIGN(pitch * source->height);
	struct xdf_copy *copy;
	int ret;

	if (size > U32_MAX)
		return ERR_PTR(-EINVAL);
	copy = kzalloc(sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return ERR_PTR(-ENOMEM);
	copy->gem = gem;
	copy->source = *source;
	copy->convert_from = convert_from;
	copy->cpp = cpp;
	copy->pitch = pitch;
	copy->size = size;
	ret = xdf_gem_map_source(gem, &copy->map);
	if (ret) {
		kfree(copy);
		return ERR_PTR(ret);
	}
	return copy;
}

/**
 * xdf_copy_alloc - memory of our own
 * @copy: without memory
 *
 * Return: 0 or -ENOMEM.
 */
int xdf_copy_alloc(struct xdf_copy *copy)
{
	struct xdf_mem *mem = xdf_gem_alloc_mem(copy->gem->base.dev,
						copy->size);

	if (IS_ERR(mem))
		return PTR_ERR(mem);
	copy->mem = mem;
	copy->pages = mem->pages;
	return 0;
}

/**
 * xdf_copy_map - memory of the backend's
 * @copy: without memory
 * @domid: the backend's domain
 * @refs: a private copy of its references, one for each 4 KiB of the copy
 *
 * Return: 0 or a negative errno, as of xdf_foreign_map().
 */
int xdf_copy_map(struct xdf_copy *copy, domid_t domid, const u32 *refs)
{
	struct xdf_foreign *f;

	f = xdf_foreign_map(domid, refs, copy->size / DISPLIF_PAGE_SIZE);
	if (IS_ERR(f))
		return PTR_ERR(f);
	copy->foreign = f;
	copy->pages = f->pages;
	return 0;
}

/**
 * xdf_copy_destroy - give the memory back
 * @copy: the copy, or NULL
 *
 * Context: may sleep.
 */
void xdf_copy_destroy(struct xdf_copy *copy)
{
	if (!copy)
		return;
	xdf_foreign_unmap(copy->foreign);
	xdf_mem_put(copy->mem);
	xdf_gem_unmap_source(copy->gem, &copy->map);
	kfree(copy);
}

/* By way of a chunk: the source may be a device's memory. */
static void copy_convert(const struct xdf_copy *copy, u32 *to, u32 from,
			 u32 count)
{
	u32 cpp = copy->source.cpp;
	u32 chunk[COPY_CHUNK];

	while (count) {
		u32 part = min(count, COPY_CHUNK);

		xdf_gem_read_source(&copy->map, chunk, from, part * cpp);
		xdf_format_to_xrgb8888(to, chunk, part, copy->convert_from);
		to += part;
		from += part * cpp;
		count -= part;
	}
}

/*
 * Pixels from a place in the source to one in the copy, page by page. None lies
 * in two pages: the pitch is a multiple of its size. The copy's pages, ours or
 * the balloon's, are never high memory and so have an address.
 */
static void copy_run(struct xdf_copy *copy, u32 to, u32 from, u32 count)
{
	while (count) {
		void *page = page_address(copy->pages[to >> PAGE_SHIFT]);
		u32 room = (PAGE_SIZE - offset_in_page(to)) / copy->cpp;
		u32 part = min(count, room);

		page += offset_in_page(to);
		if (copy->convert_from)
			copy_convert(copy, page, from, part);
		else
			xdf_gem_read_source(&copy->map, page, from,
					    part * copy->cpp);
		to += part * copy->cpp;
		from += part * copy->source.cpp;
		count -= part;
	}
}

static void copy_lines(struct xdf_copy *copy, u32 x, u32 y, u32 right, u32 bottom)
{
	const struct xdf_layout *l = &copy->source;

	for (; y < bottom; y++)
		copy_run(copy, y * copy->pitch + x * copy->cpp,
			 l->offset + y * l->pitch + x * l->cpp, right - x);
}

/**
 * xdf_copy_update - what was drawn to what the backend sees
 * @copy: a copy with memory
 * @rect: in the picture's pixels, within it; NULL for all
 *
 * Context: between xdf_gem_begin_read() and xdf_gem_end_read().
 */
void xdf_copy_update(struct xdf_copy *copy, const struct drm_rect *rect)
{
	if (rect)
		copy_lines(copy, rect->x1, rect->y1, rect->x2, rect->y2);
	else
		copy_lines(copy, 0, 0, copy->source.width, copy->source.height);
}

/**
 * xdf_copy_read - what the backend sees
 * @copy: a copy with memory
 * @from: a place in it, in bytes
 * @to: result
 * @len: in bytes
 */
void xdf_copy_read(const struct xdf_copy *copy, u32 from, void *to, u32 len)
{
	while (len) {
		struct page *page = copy->pages[from >> PAGE_SHIFT];
		u32 part = min_t(u32, len, PAGE_SIZE - offset_in_page(from));

		memcpy(to, page_address(page) + offset_in_page(from), part);
		from += part;
		to += part;
		len -= part;
	}
}

/**
 * xdf_copy_panic - the same for all of a picture, whatever the other driver says
 * @copy: a copy with memory
 *
 * Context: the kernel panics.
 */
void xdf_copy_panic(struct xdf_copy *copy)
{
	copy_lines(copy, 0, 0, copy->source.width, copy->source.height);
}
