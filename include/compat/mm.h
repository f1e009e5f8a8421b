/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Mappings. */
#ifndef XDF_COMPAT_MM_H
#define XDF_COMPAT_MM_H

#include <linux/mm.h>
#include <linux/vmalloc.h>

/*
 * Writing to vma->vm_flags became vm_flags_set(), _clear() and _mod(); 6.3.
 */
#if !XDF_HAVE_CORE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags &= ~flags;
}

static inline void vm_flags_mod(struct vm_area_struct *vma, unsigned long set,
				unsigned long clear)
{
	vma->vm_flags |= set;
	vma->vm_flags &= ~clear;
}
#endif

/*
 * Plain pointers became struct dma_buf_map in 5.11, struct iosys_map in 5.18.
 */
#if XDF_HAVE_CORE_IOSYS_MAP
#include <linux/iosys-map.h>
#elif XDF_HAVE_CORE_DMA_BUF_MAP
#include <linux/dma-buf-map.h>
#define iosys_map dma_buf_map
#define iosys_map_set_vaddr dma_buf_map_set_vaddr
#define iosys_map_is_null dma_buf_map_is_null
#define iosys_map_clear dma_buf_map_clear
#else
struct iosys_map {
	void *vaddr;
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

static inline bool iosys_map_is_null(const struct iosys_map *map)
{
	return !map->vaddr;
}
#endif

#endif /* XDF_COMPAT_MM_H */
