// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Can the panic screen be drawn into pages? */
#if __has_include(<drm/drm_panic.h>)
#include <drm/drm_panic.h>
#endif

static struct page **drm_panic_pages(struct drm_scanout_buffer *sb)
{
	return sb->pages;
}
