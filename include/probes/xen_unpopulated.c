// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there xen_alloc_unpopulated_pages()? */
#include <xen/xen.h>
#include <xen/balloon.h>

static int xen_unpopulated(unsigned int count, struct page **pages)
{
	return xen_alloc_unpopulated_pages(count, pages);
}
