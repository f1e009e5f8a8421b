// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there WQ_PERCPU? */
#include <linux/workqueue.h>

static unsigned int core_wq_percpu(void)
{
	return WQ_PERCPU;
}
