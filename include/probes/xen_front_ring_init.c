// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there XEN_FRONT_RING_INIT()? */
#include <xen/interface/io/ring.h>

#ifndef XEN_FRONT_RING_INIT
#error "no XEN_FRONT_RING_INIT"
#endif
