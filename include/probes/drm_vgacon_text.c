// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Is there vgacon_text_force()? */
/* needs symbol: vgacon_text_force */
#include <linux/console.h>

static bool drm_vgacon_text(void)
{
	return vgacon_text_force();
}
