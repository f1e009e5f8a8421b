// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there shrinker_alloc()? */
#include <linux/shrinker.h>

static struct shrinker *core_shrinker_alloc(void)
{
	return shrinker_alloc(0, "a name");
}
