// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there drm_prime_sg_to_page_array()? */
/* needs symbol: drm_prime_sg_to_page_array */
#include <drm/drm_prime.h>

static int drm_sg_page_array(struct sg_table *sgt, struct page **pages)
{
	return drm_prime_sg_to_page_array(sgt, pages, 1);
}
