// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Must compile: the headers, the flags and the compiler fit together. */
/*
 * The module cannot load without these. A list of exported symbols that lacks
 * one is not whole, and would answer other questions wrong. One from each
 * place: the kernel, xenbus, DRM and its helpers.
 */
/* needs symbol: kfree */
/* needs symbol: xenbus_switch_state */
/* needs symbol: drm_dev_register */
/* needs symbol: drm_atomic_helper_update_plane */
#include <linux/types.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>

static void sentinel_pass(struct page *page)
{
	pr_info("%p\n", page);
}
