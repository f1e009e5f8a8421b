// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there RING_COPY_RESPONSE()? */
#include <xen/interface/io/ring.h>

#ifndef RING_COPY_RESPONSE
#error "no RING_COPY_RESPONSE"
#endif
