// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does register_shrinker() take a name? */
#include <linux/shrinker.h>

static int core_shrinker_name(struct shrinker *shrinker)
{
	return register_shrinker(shrinker, "a name");
}
