// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there hrtimer_setup()? */
#include <linux/hrtimer.h>

static void core_hrtimer_setup(struct hrtimer *timer,
			       enum hrtimer_restart (*fn)(struct hrtimer *timer))
{
	hrtimer_setup(timer, fn, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
}
