// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there struct iosys_map? */
#if __has_include(<linux/iosys-map.h>)
#include <linux/iosys-map.h>
#endif

static void *core_iosys_map(struct iosys_map *map)
{
	iosys_map_set_vaddr(map, NULL);
	return map->vaddr;
}
