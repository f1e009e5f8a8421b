// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Can pages that are charged to a cgroup be split? split_page() does it by this. */
#include <linux/memcontrol.h>

static bool core_split_page_memcg(void)
{
	const void *f = split_page_memcg;

	return f;
}
