// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there RING_RESPONSE_PROD_OVERFLOW()? */
#include <xen/interface/io/ring.h>

#ifndef RING_RESPONSE_PROD_OVERFLOW
#error "no RING_RESPONSE_PROD_OVERFLOW"
#endif
