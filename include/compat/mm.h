/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Mappings. */
#ifndef XDF_COMPAT_MM_H
#define XDF_COMPAT_MM_H

#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

/*
 * Plain pointers became struct dma_buf_map in 5.11, struct iosys_map in 5.18.
 * Where both are there it is DRM's word that counts.
 */
#if XDF_HAVE_CORE_IOSYS_MAP && !XDF_HAVE_DRM_VMAP_DMA_BUF_MAP
#include <linux/iosys-map.h>
#elif XDF_HAVE_CORE_DMA_BUF_MAP
#include <linux/dma-buf-map.h>
#define iosys_map dma_buf_map
#define iosys_map_set_vaddr dma_buf_map_set_vaddr
#define iosys_map_clear dma_buf_map_clear
#else
struct iosys_map {
	union {
		void *vaddr;
		void __iomem *vaddr_iomem;
	};
	bool is_iomem;
};

static inline void iosys_map_set_vaddr(struct iosys_map *map, void *vaddr)
{
	map->vaddr = vaddr;
	map->is_iomem = false;
}

static inline void iosys_map_clear(struct iosys_map *map)
{
	iosys_map_set_vaddr(map, NULL);
}
#endif

/* 5.18 */
#if !XDF_HAVE_CORE_IOSYS_MAP || XDF_HAVE_DRM_VMAP_DMA_BUF_MAP
static inline void iosys_map_memcpy_from(void *to, const struct iosys_map *map,
					 size_t from, size_t len)
{
	if (map->is_iomem)
		memcpy_fromio(to, map->vaddr_iomem + from, len);
	else
		memcpy(to, map->vaddr + from, len);
}
#endif

/*
 * Mapping somebody's dma-buf for the processor: who holds the lock became a
 * part of the name in 6.2; before 5.11 it was a plain pointer.
 */
#if !XDF_HAVE_CORE_DMA_BUF_VMAP_UNLOCKED
static inline int dma_buf_vmap_unlocked(struct dma_buf *buf,
					struct iosys_map *map)
{
#if XDF_HAVE_CORE_DMA_BUF_VMAP_POINTER
	iosys_map_set_vaddr(map, dma_buf_vmap(buf));
	return map->vaddr ? 0 : -ENOMEM;
#else
	return dma_buf_vmap(buf, map);
#endif
}

static inline void dma_buf_vunmap_unlocked(struct dma_buf *buf,
					   struct iosys_map *map)
{
#if XDF_HAVE_CORE_DMA_BUF_VMAP_POINTER
	dma_buf_vunmap(buf, map->vaddr);
#else
	dma_buf_vunmap(buf, map);
#endif
}
#endif

/*
 * Physically contiguous pages, from the area for such; 5.10. Before, a kernel without
 * the DMA helpers of an architecture had only what the page allocator holds.
 */
#if !XDF_HAVE_CORE_DMA_ALLOC_PAGES
static inline struct page *
compat_dma_alloc_pages(struct device *dev, size_t size, dma_addr_t *dma,
		       enum dma_data_direction direction, gfp_t gfp)
{
	void *vaddr = alloc_pages_exact(size, gfp | __GFP_ZERO);

	*dma = 0;
	return vaddr ? virt_to_page(vaddr) : NULL;
}

static inline void compat_dma_free_pages(struct device *dev, size_t size,
					 struct page *page, dma_addr_t dma,
					 enum dma_data_direction direction)
{
	free_pages_exact(page_address(page), size);
}

#define dma_alloc_pages compat_dma_alloc_pages
#define dma_free_pages compat_dma_free_pages
#endif

/*
 * Pages that are charged to a cgroup together can be split; 5.12 and stable
 * series. Before, they are allocated one by one.
 */
#if !XDF_HAVE_CORE_SPLIT_PAGE_MEMCG
static inline struct page *compat_alloc_pages(gfp_t gfp, unsigned int order)
{
	return order ? NULL : alloc_page(gfp);
}

#undef alloc_pages
#define alloc_pages compat_alloc_pages
#endif

/*
 * register_shrinker(shrinker) took a name from 6.0 on, and became
 * shrinker_alloc() and shrinker_register() in 6.7.
 */
#if !XDF_HAVE_CORE_SHRINKER_ALLOC
static inline struct shrinker *shrinker_alloc(unsigned int flags,
					      const char *name)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

	if (shrinker)
		shrinker->seeks = DEFAULT_SEEKS;
	return shrinker;
}

/* without memory for it, it is never called */
static inline void shrinker_register(struct shrinker *shrinker)
{
#if XDF_HAVE_CORE_SHRINKER_NAME
	if (register_shrinker(shrinker, KBUILD_MODNAME))
#else
	if (register_shrinker(shrinker))
#endif
		pr_debug("%s: no shrinker\n", KBUILD_MODNAME);
}

static inline void shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#endif

#endif /* XDF_COMPAT_MM_H */
