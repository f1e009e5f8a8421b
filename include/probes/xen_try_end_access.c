// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there gnttab_try_end_foreign_access()? */
/* needs symbol: gnttab_try_end_foreign_access */
#include <xen/grant_table.h>

static int xen_try_end_access(grant_ref_t ref)
{
	return gnttab_try_end_foreign_access(ref);
}
