// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there alloc_xenballooned_pages()? */
/* needs symbol: alloc_xenballooned_pages */
#include <xen/xen.h>
#ifndef XDF_PROBE_BALLOON /* it has no guard of its own before 5.9 */
#define XDF_PROBE_BALLOON
#include <xen/balloon.h>
#endif

static int xen_ballooned(int count, struct page **pages)
{
	return alloc_xenballooned_pages(count, pages);
}
