// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Does gnttab_end_foreign_access_ref() take the reference only? */
#include <xen/grant_table.h>

static void xen_end_access_ref_plain(int (**fn)(grant_ref_t ref))
{
	*fn = gnttab_end_foreign_access_ref;
}
