// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there a name for "no grant"? */
#include <xen/grant_table.h>

static grant_ref_t xen_invalid_grant_ref(void)
{
	return INVALID_GRANT_REF;
}
