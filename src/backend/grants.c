// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A guest's pages: page directories and buffers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "hooks.h"

/* Pages per mapping call: one bad reference costs one chunk's work at most. */
#define CHUNK	1024u

static unsigned int chunk_pages(const struct gmap *m, unsigned int i)
{
	unsigned int left = m->pages - i * CHUNK;

	return left < CHUNK ? left : CHUNK;
}

void gmap_drop(struct gmap *m)
{
	unsigned int i;

	for (i = 0; i < m->chunks; i++) {
		if (m->ours)
			xen_unshare(m->chunk[i], chunk_pages(m, i));
		else
			xen_unmap(m->chunk[i], chunk_pages(m, i));
	}
	free(m->chunk);
	memset(m, 0, sizeof(*m));
}

static int gmap_map(struct gmap *m, uint32_t domid, const uint32_t *refs,
		    unsigned int n)
{
	unsigned int i, want = (n + CHUNK - 1) / CHUNK;

	memset(m, 0, sizeof(*m));
	m->chunk = calloc(want, sizeof(*m->chunk));
	if (!m->chunk)
		return -ENOMEM;
	m->pages = n;
	for (i = 0; i < want; i++) {
		m->chunk[i] = xen_map(domid, refs + i * CHUNK,
				      chunk_pages(m, i));
		if (!m->chunk[i]) {
			gmap_drop(m);
			return -EINVAL;
		}
		m->chunks++;
	}
	return 0;
}

/*
 * Read the whole chain of directory pages into a private list, or write it
 * from one. The length of the walk is set by the buffer's size, not by the
 * guest's links.
 */
static int directory_walk(uint32_t domid, uint32_t dir, uint32_t *refs,
			  size_t n, bool write, const char **why)
{
	while (n) {
		struct displif_page_directory *page;
		size_t part = n < DISPLIF_REFS_PER_DIR ? n : DISPLIF_REFS_PER_DIR;

		if (!dir) {
			*why = "directory-short";
			return -EINVAL;
		}
		page = xen_map(domid, &dir, 1);
		if (!page) {
			*why = "directory-map";
			return -EINVAL;
		}
		if (write)
			memcpy(page->gref, refs, part * sizeof(*refs));
		else
			memcpy(refs, page->gref, part * sizeof(*refs));
		dir = READ_SHARED(page->gref_dir_next_page);
		xen_unmap(page, 1);
		refs += part;
		n -= part;
	}
	if (!dir)
		return 0;
	*why = "directory-long";
	return -EINVAL;
}

/* The guest's memory: what its directory names, mapped. */
int gmap_directory(struct gmap *m, uint32_t domid, uint32_t dir, size_t bytes,
		   const char **why)
{
	size_t n = (bytes + DISPLIF_PAGE_SIZE - 1) / DISPLIF_PAGE_SIZE;
	uint32_t *refs, twin;
	size_t i;
	int ret;

	*why = NULL;
	refs = malloc((n ? n : 1) * sizeof(*refs));
	if (!refs)
		return -ENOMEM;
	ret = directory_walk(domid, dir, refs, n, false, why);
	if (ret)
		goto out;
	ret = -EINVAL;
	for (i = 0; i < n; i++) {
		if (!refs[i]) {
			*why = "grant-zero";
			goto out;
		}
	}
	if (has_twins(refs, n, &twin)) {
		*why = "grant-twice";
		goto out;
	}
	ret = gmap_map(m, domid, refs, n);
	if (ret)
		*why = "grant-map";
out:
	free(refs);
	return ret;
}

/* Memory of ours for the guest to map, as be-alloc has it. */
int gmap_share(struct gmap *m, uint32_t domid, uint32_t dir, size_t bytes,
	       const char **why)
{
	size_t n = (bytes + DISPLIF_PAGE_SIZE - 1) / DISPLIF_PAGE_SIZE;
	unsigned int i, want = (n + CHUNK - 1) / CHUNK;
	uint32_t *refs;
	int ret = -ENOMEM;

	*why = NULL;
	memset(m, 0, sizeof(*m));
	m->ours = true;
	m->pages = n;
	m->chunk = calloc(want ? want : 1, sizeof(*m->chunk));
	refs = calloc(n ? n : 1, sizeof(*refs));
	if (!m->chunk || !refs)
		goto out;
	for (i = 0; i < want; i++) {
		m->chunk[i] = xen_share(domid, refs + i * CHUNK,
					chunk_pages(m, i));
		if (!m->chunk[i])
			goto out;
		m->chunks++;
	}
	if (hooks)
		hooks->share(refs, n);
	ret = directory_walk(domid, dir, refs, n, true, why);
out:
	free(refs);
	if (ret)
		gmap_drop(m);
	return ret;
}

/* The caller has checked ofs + len against the size. */
static void gmap_copy(const struct gmap *m, size_t ofs, void *dst,
		      const void *src, size_t len)
{
	const size_t size = (size_t)CHUNK * DISPLIF_PAGE_SIZE;
	size_t done = 0;

	while (done < len) {
		uint8_t *p = m->chunk[ofs / size] + ofs % size;
		size_t part = size - ofs % size;

		if (part > len - done)
			part = len - done;
		if (dst)
			memcpy((uint8_t *)dst + done, p, part);
		else
			memcpy(p, (const uint8_t *)src + done, part);
		done += part;
		ofs += part;
	}
}

/* Where these bytes lie one after the other, or NULL. */
const uint8_t *gmap_at(const struct gmap *m, size_t ofs, size_t len)
{
	const size_t size = (size_t)CHUNK * DISPLIF_PAGE_SIZE;

	if (ofs % size + len > size)
		return NULL;
	return m->chunk[ofs / size] + ofs % size;
}

void gmap_read(const struct gmap *m, size_t ofs, void *dst, size_t len)
{
	gmap_copy(m, ofs, dst, NULL, len);
}

void gmap_write(const struct gmap *m, size_t ofs, const void *src, size_t len)
{
	gmap_copy(m, ofs, NULL, src, len);
}
