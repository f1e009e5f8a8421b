// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there timer_container_of()? */
#include <linux/timer.h>

#ifndef timer_container_of
#error "no timer_container_of"
#endif
