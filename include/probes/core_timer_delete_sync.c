// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there timer_delete_sync()? */
#include <linux/timer.h>

static int core_timer_delete_sync(struct timer_list *timer)
{
	return timer_delete_sync(timer);
}
