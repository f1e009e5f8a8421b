// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does gnttab_end_foreign_access() take (ref, page)? */
#include <xen/grant_table.h>

static void xen_end_access_page(void (**fn)(grant_ref_t ref, struct page *page))
{
	*fn = gnttab_end_foreign_access;
}
