// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there xen_alloc_unpopulated_pages(), which may stand for another function? */
/* needs symbol: xen_alloc_unpopulated_pages xen_alloc_ballooned_pages alloc_xenballooned_pages */
#include <xen/xen.h>
#ifndef XDF_PROBE_BALLOON /* it has no guard of its own before 5.9 */
#define XDF_PROBE_BALLOON
#include <xen/balloon.h>
#endif

static int xen_unpopulated(unsigned int count, struct page **pages)
{
	return xen_alloc_unpopulated_pages(count, pages);
}
